// slow-fsync <microseconds> <report> <command...>: the command and all that it starts find every fsync and fdatasync that much slower, however they are linked. The kernel
// stops those calls (seccomp user notification), and we let each go when its time has come, all of them side by side. At the end the report says whose and how many.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#define WAITING 4096
#define PROGRAMS 16

static struct { __u64 id; long long due; } waiting[WAITING];
static struct { char name[64]; long calls; } programs[PROGRAMS];
static struct { __u32 pid; int program; } known[WAITING];
static pid_t child;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void on_signal(int signal) {
  if (signal != SIGCHLD) kill(child, signal);
}

static int listen_to_fsync(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fsync, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fdatasync, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  // A signal that the caller handles would make the call, and the wait, begin again: newer kernels can hold it back.
  unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER;
  int fd = syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
  return fd >= 0 ? fd : syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static void count(__u32 pid) {
  int slot = pid % WAITING;
  if (known[slot].pid != pid) {
    char link[64], path[512] = "unknown";
    snprintf(link, sizeof link, "/proc/%u/exe", pid);
    if (readlink(link, path, sizeof path - 1) < 0) strcpy(path, "unknown");
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    int program = 0;
    while (program < PROGRAMS - 1 && programs[program].calls > 0 && strncmp(programs[program].name, name, 63) != 0) program++;
    snprintf(programs[program].name, sizeof programs[program].name, "%s", name);
    known[slot].pid = pid;
    known[slot].program = program;
  }
  programs[known[slot].program].calls++;
}

static int report(const char *file) {
  FILE *out = fopen(file, "w");
  if (out == NULL) return perror(file), 1;
  fprintf(out, "{");
  for (int index = 0; index < PROGRAMS && programs[index].calls > 0; index++)
    fprintf(out, "%s\"%s\": %ld", index == 0 ? "" : ", ", programs[index].name, programs[index].calls);
  fprintf(out, "}\n");
  return fclose(out);
}

static void supervise(int listener, long long delay, const sigset_t *unblocked, int *status) {
  unsigned first = 0, next = 0;
  for (;;) {
    int ended;
    for (pid_t pid; (pid = waitpid(-1, &ended, WNOHANG)) != 0;) {
      // We adopt what the command leaves behind: it could not sync without us.
      if (pid < 0) return;
      if (pid == child) *status = ended;
    }
    long long left = first == next ? 0 : waiting[first % WAITING].due - now();
    if (left < 0) left = 0;
    struct timespec timeout = {left / 1000000000, left % 1000000000};
    struct pollfd poll = {next - first < WAITING ? listener : -1, POLLIN, 0};
    if (ppoll(&poll, 1, first == next ? NULL : &timeout, unblocked) > 0) {
      struct seccomp_notif call = {0};
      if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
        waiting[next % WAITING].id = call.id;
        waiting[next++ % WAITING].due = now() + delay;
        count(call.pid);
      }
    }
    for (; first != next && waiting[first % WAITING].due <= now(); first++) {
      struct seccomp_notif_resp answer = {waiting[first % WAITING].id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
      // The caller may be gone.
      ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: slow-fsync <microseconds> <report> <command...>\n"), 64;
  int listener = listen_to_fsync();
  if (listener < 0) return fprintf(stderr, "this kernel or container does not let us slow fsync down (seccomp): %s\n", strerror(errno)), 69;
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  sigset_t blocked, unblocked;
  sigemptyset(&blocked);
  for (const int *signal = (int[]){SIGCHLD, SIGINT, SIGTERM, SIGHUP, 0}; *signal != 0; signal++) sigaddset(&blocked, *signal);
  sigprocmask(SIG_BLOCK, &blocked, &unblocked);
  if ((child = fork()) == 0) {
    sigprocmask(SIG_SETMASK, &unblocked, NULL);
    execvp(argv[3], argv + 3);
    perror(argv[3]);
    _exit(127);
  }
  for (const int *signal = (int[]){SIGCHLD, SIGINT, SIGTERM, SIGHUP, 0}; *signal != 0; signal++)
    sigaction(*signal, &(struct sigaction){.sa_handler = on_signal}, NULL);
  // After the fork: the command keeps its own.
  prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  int status = 0;
  supervise(listener, atoll(argv[1]) * 1000, &unblocked, &status);
  if (report(argv[2]) != 0) return 73;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
