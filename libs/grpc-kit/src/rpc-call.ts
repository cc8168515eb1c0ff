import { CommandError } from "@countersign/bus";
import type { ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import type { CallSlot } from "./admission.ts";

/** The caller hung up or its deadline passed: nobody reads an answer any more. */
export class CallCancelled extends Error {
  override readonly name = "CallCancelled";
}

/** What grpc-js holds for as long as the call lasts, and what is to be let go of before. */
export type HeldRequest = { bytes: Uint8Array };

export type UnarySurface = ServerUnaryCall<HeldRequest, Uint8Array>;
export type StreamSurface = ServerWritableStream<HeldRequest, Uint8Array>;
type SurfaceCall = UnarySurface | StreamSurface;

const NOTHING = new Uint8Array();

/** The one header that is looked at later than who calls, and its length. */
const TRACE = "traceparent";
const TRACE_LENGTH = 55;

/** What a call tells telemetry while it lasts. */
export type CallObserver = {
  /** From now on people or events are waited for: the span ends here, and the time is not the system's. */
  parked(): void;
  /** The wait ended because of what this `traceparent` names. */
  causedBy(traceparent: string): void;
};

/** What a handler knows about its call beside the request. */
export class RpcCall {
  /** For example `countersign.v1.ActionService/GetAction`. */
  readonly method: string;
  readonly #call: SurfaceCall;
  readonly #slot: CallSlot;
  readonly #observer: CallObserver;
  #controller: AbortController | undefined;
  #over = false;
  #parked = false;
  #admitted = false;
  #giveBack: () => void = () => {};
  #expiresAt = Number.POSITIVE_INFINITY;

  constructor(method: string, call: SurfaceCall, slot: CallSlot, observer: CallObserver) {
    this.method = method;
    this.#call = call;
    this.#slot = slot;
    this.#observer = observer;
  }

  /** The first value of a header, or an empty string. */
  header(name: string): string {
    const value = this.#call.metadata.get(name)[0];
    return typeof value === "string" ? value : "";
  }

  /** The token of `authorization: Bearer <token>`, or an empty string. */
  get bearerToken(): string {
    return /^Bearer +(\S+)$/i.exec(this.header("authorization"))?.[1] ?? "";
  }

  /** The certificate that the caller presented and that TLS verified, as DER. */
  get peerCertificate(): Uint8Array | undefined {
    return this.#call.getAuthContext().sslPeerCertificate?.raw;
  }

  /** The caller hung up, or its deadline passed. */
  get cancelled(): boolean {
    return this.#call.cancelled;
  }

  /**
   * Milliseconds until the caller's deadline; `otherwise` when it set none.
   * @throws CommandError DEADLINE_EXCEEDED when it has passed.
   */
  remainingMs(otherwise: number): number {
    const deadline = Number(this.#call.getDeadline());
    if (!Number.isFinite(deadline)) return otherwise;
    const remaining = deadline - Date.now();
    if (remaining <= 0) throw new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", "The call's deadline has passed.");
    return remaining;
  }

  /**
   * From now on this call waits for people: it no longer counts as in flight, and closing the server ends it with UNAVAILABLE. Of its headers only the trace is left, once it
   * is admitted. Streams are parked from the start, unless they work first.
   */
  park(): void {
    this.#slot.park(this);
    this.#parked = true;
    if (this.#admitted) this.#forgetHeaders();
    this.#observer.parked();
    this.#release();
  }

  /** The request is looked at no more: its memory is free while the call waits, for whoever keeps nothing of it. */
  forgetRequest(): void {
    this.#call.request.bytes = NOTHING;
    this.#slot.hold(0);
  }

  /**
   * So many bytes are in memory for the call, in place of its request, for as long as its caller takes to read them: pages of a log, which may be a thousand times as large.
   * @throws CommandError OVERLOADED when its owner has too many.
   */
  holds(bytes: number): void {
    this.#slot.hold(bytes);
  }

  /** The call waits for people or events. */
  get parked(): boolean {
    return this.#parked;
  }

  /** What the call occupies while it is worked on: given back once, when it parks or ends. */
  occupies(giveBack: () => void): void {
    this.#giveBack = giveBack;
  }

  /** What ended the call's wait, as a `traceparent`: its answer links to it. */
  causedBy(traceparent: string): void {
    this.#observer.causedBy(traceparent);
  }

  /**
   * For whom the call is and how long that is known: waiting calls are counted by owner, and a reader who is too slow is waited for no longer.
   * @throws CommandError WATCH_QUOTA when the owner has too many waiting calls, OVERLOADED when its requests are too large in all.
   */
  admitted(owner: string, expiresAt: Date): void {
    this.#expiresAt = expiresAt.getTime();
    this.#admitted = true;
    if (this.#parked) this.#forgetHeaders();
    this.#slot.own(owner);
  }

  /** They may be 64 KB, and a call may wait for days. */
  #forgetHeaders(): void {
    const { metadata } = this.#call;
    for (const name of Object.keys(metadata.getMap())) {
      if (name !== TRACE || this.header(name).length > TRACE_LENGTH) metadata.remove(name);
    }
  }

  /** Milliseconds for which whoever calls is known to be who it is; none left when negative. */
  get knownForMs(): number {
    return this.#expiresAt - Date.now();
  }

  /** The handler is done: what becomes of the caller concerns nobody any more. grpc-js says "cancelled" at the end of every call. */
  end(): void {
    this.#over = true;
    this.#release();
    this.#slot.leave();
  }

  /** Aborts with the reason to throw: CallCancelled, or a CommandError when the server closes while the call is parked. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.cancelled) controller.abort(new CallCancelled());
      else {
        this.#call.once("cancelled", () => {
          if (!this.#over) controller.abort(new CallCancelled());
        });
      }
    }
    return this.#controller.signal;
  }

  #release(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = () => {};
    giveBack();
  }

  /** Ends a parked call from outside. */
  abort(reason: CommandError): void {
    void this.signal;
    this.#controller?.abort(reason);
  }
}
