import { CommandError } from "./commands.ts";

type Addressee = { readonly service: string; readonly subject: string };

type Pending = Addressee & {
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: CommandError) => void;
  readonly deadline: number;
};

/**
 * Commands that wait for their replies. One timer sweeps them all: a timer, a race and an error object per command would cost more than the
 * command itself.
 */
export class PendingReplies {
  readonly #pending = new Map<string, Pending>();
  #sweeper: NodeJS.Timeout | undefined;

  /** Opens a place for the reply with this token, which no other has; it fails with DEADLINE_EXCEEDED when none came in time. */
  open(token: string, { service, subject }: Addressee, timeoutMs: number): Promise<Uint8Array> {
    this.#sweeper ??= setInterval(() => this.#sweep(), SWEEP_MS);
    return new Promise<Uint8Array>((resolve, reject) => {
      this.#pending.set(token, { service, subject, resolve, reject, deadline: performance.now() + timeoutMs });
    });
  }

  /** The first outcome counts; a late or second one is dropped. */
  resolve(token: string, reply: Uint8Array): void {
    this.#take(token)?.resolve(reply);
  }

  reject(token: string, errorFor: (service: string) => CommandError): void {
    const pending = this.#take(token);
    pending?.reject(errorFor(pending.service));
  }

  /** What was sent there has not arrived. */
  rejectSentTo(subject: string, errorFor: (service: string) => CommandError): void {
    for (const [token, pending] of this.#pending) if (pending.subject === subject) this.reject(token, errorFor);
  }

  /** No reply will come any more. */
  rejectAll(errorFor: (service: string) => CommandError): void {
    for (const token of this.#pending.keys()) this.reject(token, errorFor);
  }

  #take(token: string): Pending | undefined {
    const pending = this.#pending.get(token);
    this.#pending.delete(token);
    return pending;
  }

  #sweep(): void {
    const now = performance.now();
    for (const [token, pending] of this.#pending) {
      if (pending.deadline <= now) this.reject(token, timedOut);
    }
    // Not stopped when the last reply comes, but here: commands come in rows, and starting a timer for each would cost.
    if (this.#pending.size === 0) {
      clearInterval(this.#sweeper);
      this.#sweeper = undefined;
    }
  }
}

/** Its caller waits no longer. */
export function timedOut(service: string): CommandError {
  return new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", `No reply from ${service} came in time; the outcome is not known.`);
}

const SWEEP_MS = 10;
