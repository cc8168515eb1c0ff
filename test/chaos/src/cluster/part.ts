import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isRunning, processStat } from "@countersign/embedded";

type Running = { readonly pid: number; stop(): Promise<void>; kill(): Promise<void> };

/** A process of the deployment, under a supervisor that starts it again when it ends by itself, as systemd or Kubernetes would. */
export class Part {
  readonly name: string;
  /** How often it ended although nobody had asked it to. */
  endings = 0;
  readonly #spawn: () => Promise<Running>;
  readonly #graceMs: number;
  #running: Running | undefined;
  #wanted = false;
  #turn: Promise<void> = Promise.resolve();

  /** @param graceMs how long it may take to end in order. */
  constructor(name: string, spawn: () => Promise<Running>, graceMs = 60_000) {
    this.name = name;
    this.#spawn = spawn;
    this.#graceMs = graceMs;
  }

  /** Of the process that runs; nothing while none does. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Whether it stands still, and its children with it. */
  get isPaused(): boolean {
    const pids = this.#pids();
    return pids.length > 0 && pids.every(isStopped);
  }

  /** Resolves when it says that it is ready, however many attempts that takes. */
  start(): Promise<void> {
    this.#wanted = true;
    return this.#inTurn(() => this.#startWhileWanted());
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end((running) => running.kill());
  }

  /** In order, as an upgrade would; SIGKILL to one that has not ended then. */
  stop(): Promise<void> {
    return this.#end(async (running) => {
      await Promise.race([running.stop(), sleep(this.#graceMs, undefined, { ref: false })]);
      if (isRunning(running.pid)) await running.kill();
    });
  }

  /** By a signal to it alone, not to its children; resolves when it is gone. */
  endBy(signal: NodeJS.Signals): Promise<void> {
    return this.#end(async ({ pid }) => {
      process.kill(pid, signal);
      while (isRunning(pid)) await sleep(20);
    });
  }

  /** SIGSTOP, to its children as well. */
  pause(): void {
    this.#signalAll("SIGSTOP");
  }

  /** SIGCONT. */
  resume(): void {
    this.#signalAll("SIGCONT");
  }

  /** Starts it again when it has ended by itself. */
  async supervise(onEnding: (name: string) => void): Promise<void> {
    if (!this.#wanted || this.#running === undefined || isRunning(this.#running.pid)) return;
    this.#running = undefined;
    this.endings += 1;
    onEnding(this.name);
    await this.start();
  }

  async #startWhileWanted(): Promise<void> {
    for (let attempt = 1; this.#wanted && this.#running === undefined; attempt += 1) {
      try {
        this.#running = await this.#spawn();
      } catch (error) {
        if (attempt >= ATTEMPTS) throw error;
        await sleep(RESTART_MS);
      }
    }
  }

  #end(how: (running: Running) => Promise<void>): Promise<void> {
    this.#wanted = false;
    return this.#inTurn(async () => {
      const running = this.#running;
      this.#running = undefined;
      if (running !== undefined && isRunning(running.pid)) await how(running);
    });
  }

  #signalAll(name: NodeJS.Signals): void {
    for (const pid of this.#pids()) if (isRunning(pid)) process.kill(pid, name);
  }

  #pids(): readonly number[] {
    return this.#running === undefined ? [] : [this.#running.pid, ...childrenOf(this.#running.pid)];
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

/** Of Linux; elsewhere none are found. */
function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Or ended meanwhile. */
function isStopped(pid: number): boolean {
  return ["T", "t", undefined].includes(processStat(pid)[0]);
}

const RESTART_MS = 300;
const ATTEMPTS = 200;
