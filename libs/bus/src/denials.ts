import { errors, type NatsConnection } from "@nats-io/transport-node";
import { setTimeout as sleep } from "node:timers/promises";

/** Something that the server does not let a connection's user do. */
export type Denial = { readonly operation: "publish" | "subscription"; readonly subject: string };

/** What the server refuses a connection, as it says itself: asynchronously, and to nobody in particular. */
export type Denials = {
  /** What is refused now of commands and events, as sentences for people. Never holds secrets. */
  current(): readonly string[];
  /** Calls back with each refusal; returns the function that ends it. */
  onDenied(listener: (denial: Denial) => void): () => void;
  /** Calls back when something that was refused is allowed again; returns the function that ends it. */
  onAllowed(listener: (denial: Denial) => void): () => void;
  /** Nobody wants it any more. */
  forget(denial: Denial): void;
  /** Resolves once the server has taken everything that was sent to it, with whether it refused none of this meanwhile. */
  accepted(denial: Denial): Promise<boolean>;
};

/** The connection's one list. */
export function denialsOf(connection: NatsConnection): Denials {
  let denials = all.get(connection);
  if (denials === undefined) {
    denials = new ConnectionDenials(connection);
    all.set(connection, denials);
  }
  return denials;
}

const all = new WeakMap<NatsConnection, Denials>();

type Known = { readonly denial: Denial; readonly since: number; readonly at: number };

class ConnectionDenials implements Denials {
  readonly #connection: NatsConnection;
  readonly #known = new Map<string, Known>();
  readonly #denied = new Set<(denial: Denial) => void>();
  readonly #allowed = new Set<(denial: Denial) => void>();
  #looking = false;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    void this.#follow();
  }

  current(): readonly string[] {
    // Where to answer is said by whoever asks, who could ask from a place where we may not. And of JetStream some ask what they can do without.
    const own = [...this.#known.values()].filter(({ denial: { subject } }) => !/^(_INBOX|\$JS)\./.test(subject));
    return own.map(({ denial: { operation, subject } }) => `may not ${operation === "publish" ? "publish" : "subscribe"} to ${subject}`);
  }

  onDenied(listener: (denial: Denial) => void): () => void {
    return listen(this.#denied, listener);
  }

  onAllowed(listener: (denial: Denial) => void): () => void {
    return listen(this.#allowed, listener);
  }

  forget(denial: Denial): void {
    if (this.#known.delete(keyOf(denial))) for (const listener of this.#allowed) listener(denial);
  }

  async accepted(denial: Denial): Promise<boolean> {
    const refused = new Set<string>();
    const stop = this.onDenied((other) => refused.add(keyOf(other)));
    try {
      await this.#connection.flush();
      // What the server refused it said before it answered; the status reaches us within this turn.
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      stop();
    }
    if (refused.has(keyOf(denial))) return false;
    this.forget(denial);
    return true;
  }

  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type !== "error" || !(status.error instanceof errors.PermissionViolationError)) continue;
      const { operation, subject } = status.error;
      this.#record({ operation, subject });
    }
  }

  #record(denial: Denial): void {
    const known = this.#known.get(keyOf(denial));
    if (known === undefined && this.#known.size >= MOST_KNOWN) this.#forgetOldest();
    const at = performance.now();
    this.#known.set(keyOf(denial), { denial, since: known?.since ?? at, at });
    for (const listener of this.#denied) listener(denial);
    if (denial.operation === "publish" && !this.#looking) void this.#look();
  }

  /** Subscriptions come back by themselves (`keepSubscribed`). What may be published again nobody says: ask, where asking does nothing. */
  async #look(): Promise<void> {
    this.#looking = true;
    while (!this.#connection.isClosed()) {
      const published = [...this.#known.values()].filter(({ denial }) => denial.operation === "publish");
      if (published.length === 0) break;
      for (const known of published) await this.#ask(known).catch(() => {});
      await sleep(ASK_MS, undefined, { ref: false });
    }
    this.#looking = false;
  }

  async #ask({ denial, since, at }: Known): Promise<void> {
    // Who still wants it is refused again. What was tried once, by mistake or at somebody's word, does not count for ever.
    if (performance.now() - since > MOST_MS) this.forget(denial);
    else if (isCommand(denial.subject)) {
      // Without a place for an answer nobody handles it.
      this.#connection.publish(denial.subject);
      await this.accepted(denial);
    } else if (performance.now() - at > QUIET_MS) await this.accepted(denial);
  }

  #forgetOldest(): void {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** Commands are asked for by nobody but their callers. Whatever else is refused is tried again by whoever wants it, within less than `QUIET_MS`. */
function isCommand(subject: string): boolean {
  return subject.split(".")[1] === "cmd";
}

function keyOf({ operation, subject }: Denial): string {
  return `${operation} ${subject}`;
}

function listen<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const ASK_MS = 500;
const QUIET_MS = 15_000;
const MOST_MS = 600_000;
const MOST_KNOWN = 100;
