import { CommandError } from "@countersign/bus";
import type { ServerUnaryCall, ServerWritableStream } from "@grpc/grpc-js";
import type { CallSlot } from "./admission.ts";

/** The caller hung up or its deadline passed: nobody reads an answer any more. */
export class CallCancelled extends Error {
  override readonly name = "CallCancelled";
}

type SurfaceCall = ServerUnaryCall<Uint8Array, Uint8Array> | ServerWritableStream<Uint8Array, Uint8Array>;

/** What a handler knows about its call beside the request. */
export class RpcCall {
  /** For example `countersign.v1.ActionService/GetAction`. */
  readonly method: string;
  readonly #call: SurfaceCall;
  readonly #slot: CallSlot;
  #controller: AbortController | undefined;

  constructor(method: string, call: SurfaceCall, slot: CallSlot) {
    this.method = method;
    this.#call = call;
    this.#slot = slot;
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
   * From now on this call waits for people: it no longer counts as in flight, and closing the server ends it with UNAVAILABLE.
   * Streams are parked from the start.
   */
  park(): void {
    this.#slot.park(this);
  }

  /** Aborts with the reason to throw: CallCancelled, or a CommandError when the server closes while the call is parked. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = new AbortController();
      this.#controller = controller;
      if (this.cancelled) controller.abort(new CallCancelled());
      else this.#call.once("cancelled", () => controller.abort(new CallCancelled()));
    }
    return this.#controller.signal;
  }

  /** Ends a parked call from outside. */
  abort(reason: CommandError): void {
    void this.signal;
    this.#controller?.abort(reason);
  }
}
