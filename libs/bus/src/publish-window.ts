import type { RecordedEvent } from "@countersign/event-log";
import { type Msg, type NatsConnection } from "@nats-io/transport-node";
import { newInbox } from "./connect.ts";
import { eventHeaders } from "./event-headers.ts";
import { keepSubscribed, type KeptSubscription } from "./keep-subscribed.ts";
import { outboxOf, type Outbox } from "./outbox.ts";
import { eventSubject } from "./subjects.ts";

/** JetStream did not store an event where it belongs: look where the stream ends, and go on from there. */
export class LostStep extends Error {
  override readonly name = "LostStep";
}

/**
 * Publishes events in order, with many on their way to JetStream at once. Each message says which sequence must be the last before it, so
 * whatever is lost, refused or comes twice makes JetStream refuse the rest: the acknowledgement of one event speaks for all before it, and
 * only some are asked for. One inbox takes them.
 */
export class PublishWindow {
  readonly #connection: NatsConnection;
  readonly #outbox: Outbox;
  readonly #prefix: string;
  readonly #inbox: string;
  readonly #subscription: KeptSubscription;
  readonly #onProgress: () => void;
  #generation = 0;
  #stored = 0;
  #sent = 0;
  #lastProgress = 0;
  #failure: LostStep | undefined;

  constructor(connection: NatsConnection, prefix: string, onProgress: () => void) {
    this.#connection = connection;
    this.#outbox = outboxOf(connection);
    this.#prefix = prefix;
    this.#onProgress = onProgress;
    this.#inbox = newInbox(connection);
    this.#subscription = keepSubscribed(connection, `${this.#inbox}.>`, {
      callback: (error, message) => {
        if (error === null) this.#settle(message);
        else this.fail(error.message);
      },
    });
  }

  /** Begins anew at a position; acknowledgements of what was sent before are ignored from now on. */
  restart(next: number): void {
    this.#generation += 1;
    this.#stored = next;
    this.#sent = next;
    this.#failure = undefined;
    this.#lastProgress = performance.now();
  }

  get room(): number {
    return WINDOW - this.inFlight;
  }

  get inFlight(): number {
    return this.#sent - this.#stored;
  }

  /** A larger entry goes without its bytes: its place is kept, and whoever wants it reads the log. Nothing waits behind it. */
  get #mostBytes(): number {
    return (this.#connection.info?.max_payload ?? Infinity) - HEADER_ROOM;
  }

  /** How long ago the last acknowledgement came. */
  get idleMs(): number {
    return performance.now() - this.#lastProgress;
  }

  /** Events before this position are in JetStream. */
  get stored(): number {
    return this.#stored;
  }

  /**
   * Sends an event, the next one after what was sent before. With `asks`, JetStream is to say that it has it.
   * @throws UnsafeSubjectError when its tenant or type cannot be part of a subject.
   */
  publish(event: RecordedEvent, asks: boolean): void {
    const { position } = event;
    const subject = eventSubject(this.#prefix, event.ledger, event);
    // The first one is always asked about: if it is what JetStream refuses, only its own answer says why.
    const asked = asks || this.inFlight === 0 || position % ASK_EVERY === 0;
    if (this.inFlight === 0) this.#lastProgress = performance.now();
    this.#sent = position + 1;
    const omitted = event.entry.byteLength > this.#mostBytes;
    const headers = eventHeaders(event, omitted);
    const options = asked ? { headers, reply: `${this.#inbox}.${this.#generation}.${position}` } : { headers };
    this.#outbox.publish(subject, omitted ? undefined : event.entry, options, (error) => this.fail(String(error)));
  }

  /** @throws LostStep when a message was refused, or nothing has been acknowledged for too long. */
  check(): void {
    if (this.inFlight > 0 && this.idleMs > ACK_TIMEOUT_MS) this.fail("no acknowledgement in time");
    if (this.#failure !== undefined) throw this.#failure;
  }

  fail(reason: string): void {
    this.#failure ??= new LostStep(reason);
    this.#onProgress();
  }

  close(): void {
    this.#subscription.unsubscribe();
  }

  #settle(message: Msg): void {
    const [generation, position] = message.subject
      .slice(this.#inbox.length + 1)
      .split(".")
      .map(Number);
    if (generation !== this.#generation || position === undefined) return;
    this.#lastProgress = performance.now();
    const problem = acknowledgementProblem(message, position);
    if (problem !== undefined) {
      this.fail(problem);
      return;
    }
    // Acknowledgements of one connection come in order.
    this.#stored = position + 1;
    this.#onProgress();
  }
}

function acknowledgementProblem(message: Msg, position: number): string | undefined {
  if (message.data.length === 0) return "no stream listens on the subject";
  const ack = parse(message.string());
  if (typeof ack !== "object" || ack === null) return "an acknowledgement without meaning";
  if ("error" in ack) return `refused: ${JSON.stringify(ack.error)}`;
  return "seq" in ack && ack.seq === position + 1
    ? undefined
    : `position ${position} was stored at sequence ${"seq" in ack ? String(ack.seq) : "unknown"}`;
}

function parse(text: string): unknown {
  // An error that left the subscription's callback would end the connection's reader.
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const WINDOW = 256;
/** Subject, trace and attributes of an event, which count as payload. */
const HEADER_ROOM = 2048;
/** While many go at once, room comes back in quarters of the window. */
const ASK_EVERY = WINDOW / 4;
const ACK_TIMEOUT_MS = 3000;
