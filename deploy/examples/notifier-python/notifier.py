#!/usr/bin/env python3
"""A notifier as a program of its own: writes every review that opens, and what becomes of it, to a file, once.

Only the standard library: NATS is spoken as text over a socket, and the `countersign` command reads the review over gRPC.
See docs/notifier-contract.md. Settings, all from the environment:

NATS_URL                nats://user:password@host:4222, a user of this notifier alone
COUNTERSIGN_COMMAND     how the command line client is called; its own settings (COUNTERSIGN_TOKEN) are passed on
NOTIFIER_NAME           default file-notifier; NOTIFIER_OUT: the file
COUNTERSIGN_NATS_PREFIX, COUNTERSIGN_LEDGER: default cs, main
"""
import json, os, shlex, socket, subprocess, sys, time
from urllib.parse import urlsplit

env = os.environ
PREFIX, LEDGER = env.get("COUNTERSIGN_NATS_PREFIX", "cs"), env.get("COUNTERSIGN_LEDGER", "main")
NAME = env.get("NOTIFIER_NAME", "file-notifier")
OUT, COMMAND = env["NOTIFIER_OUT"], shlex.split(env.get("COUNTERSIGN_COMMAND", "countersign"))
STREAM, DURABLE = f"{PREFIX}_EVENTS_{LEDGER}".upper(), f"notifier-{NAME}"
WANTED = {"ReviewOpened", "ActionApproved", "ActionRejected", "ActionExpired", "ActionCancelled"}
MOST_ATTEMPTS = 10


class Nats:
    def __init__(self, url):
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port or 4222), timeout=7)
        self.stream = self.socket.makefile("rb")
        self.stream.readline()  # INFO
        options = {"verbose": False, "pedantic": False, "headers": True, "no_responders": True, "lang": "python", "version": "1",
                   "name": NAME, "user": parts.username, "pass": parts.password}
        self.inbox = f"_INBOX.{DURABLE}.{os.urandom(8).hex()}"
        self.send(f"CONNECT {json.dumps(options)}\r\nSUB {self.inbox} 1\r\nPING\r\n")

    def send(self, text):
        self.socket.sendall(text.encode())

    def publish(self, subject, body, reply=""):
        self.send(f"PUB {subject} {reply} {len(body.encode())}\r\n{body}\r\n")

    def next(self):
        """The next message: where to acknowledge it, its headers, its body."""
        while True:
            line = self.stream.readline().decode().split()
            if not line:
                raise ConnectionError("nats went away")
            if line[0] == "PING":
                self.send("PONG\r\n")
            elif line[0] == "-ERR":
                raise ConnectionError(" ".join(line))
            elif line[0] in ("MSG", "HMSG"):
                size, head = int(line[-1]), int(line[-2]) if line[0] == "HMSG" else 0
                data = self.stream.read(size + 2)[:size]
                reply = line[3] if len(line) == (6 if head else 5) else ""
                lines = data[:head].decode().split("\r\n")
                headers = dict(each.split(":", 1) for each in lines[1:] if ":" in each)
                return reply, {name.lower(): value.strip() for name, value in headers.items()}, data[head:]


def review(action_id):
    """The review as it is now, from the log. Every text in it is hostile: json.dumps below escapes what is not ASCII."""
    done = subprocess.run([*COMMAND, "review", "show", action_id, "--json"], capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return json.loads(done.stdout)["action"]


def handle(headers, out, seen):
    kind, event = headers["ce-type"].removeprefix("dev.countersign."), headers["ce-id"]
    if kind not in WANTED or event in seen:
        return
    action = review(headers["ce-subject"])
    if int(action["version"]) < int(headers["ce-streamversion"]):
        raise RuntimeError("the review read is older than the event")
    if kind != "ReviewOpened" or action["status"] == "ACTION_STATUS_IN_REVIEW":
        line = {"event": event, "type": kind, "action": action["id"], "status": action["status"], "asks": action["input"]}
        out.write(json.dumps(line) + "\n")
        out.flush()
        os.fsync(out.fileno())  # what was delivered is known before it is acknowledged, also after a crash
    seen.add(event)


def run():
    with open(OUT, "a+", encoding="ascii") as out:
        out.seek(0)
        seen = {json.loads(line)["event"] for line in out if line.endswith("\n")}
        nats = Nats(env["NATS_URL"])
        while True:
            nats.publish(f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{DURABLE}", json.dumps({"batch": 1, "expires": 5_000_000_000}), nats.inbox)
            ack, headers, _ = nats.next()
            if not ack.startswith("$JS.ACK."):
                time.sleep(0.1)  # nothing new for five seconds, or no consumer yet
                continue
            try:
                handle(headers, out, seen)
                nats.publish(ack, "+ACK")
            except (RuntimeError, KeyError, ValueError, subprocess.TimeoutExpired) as problem:
                attempts = int(ack.split(".")[-5])
                print(f"{headers.get('ce-id')}: attempt {attempts}: {problem}", file=sys.stderr, flush=True)
                nats.publish(ack, "+TERM" if attempts >= MOST_ATTEMPTS else '-NAK {"delay": 1000000000}')


while True:
    try:
        run()
    except (OSError, RuntimeError) as problem:
        print(f"starting again: {problem}", file=sys.stderr, flush=True)
        time.sleep(1)
