import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { type Call, streamOf } from "./http2-stream.ts";
import { Sweeper } from "./sweeper.ts";

const SWEEPS = { everyMs: 100, lateMs: 150 };
/** So many requests may be coming in; beyond, a request has a sixtieth of the time. */
const MAX_ARRIVING = 128;
const HURRY = 60;

/**
 * Cuts off streams that nobody moves. What has not come in whole has no owner yet, and grpc-js holds what there is of it, up to the largest message; what was answered has no place among the
 * calls any more, and the answer is held until it is read. Neither may be many, or stay.
 */
export class StalledStreams {
  readonly #stallMs: number;
  readonly #calls = new WeakMap<Metadata, Call>();
  readonly #arriving = new Map<Call, number>();
  readonly #leaving = new Map<Call, number>();
  readonly #sweeper = new Sweeper(SWEEPS, (now) => this.#sweep(now));

  /** @param stallMs how long a request may take to come in, and its answer to be taken */
  constructor(stallMs: number) {
    this.#stallMs = stallMs;
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    this.#watch(this.#arriving, call);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, goOn) => {
            this.#calls.set(metadata, call);
            goOn(metadata);
          },
          onReceiveHalfClose: (goOn) => {
            this.#arriving.delete(call);
            // Who asks for descriptions has no place among the calls, so that nobody says when it was answered.
            if (method.requestStream) this.#watch(this.#leaving, call);
            goOn();
          },
          // At the end of every call, when the last of its answer is on its way. Whoever goes on sending has been answered already.
          onCancel: () => {
            this.#leaving.delete(call);
            if (this.#arriving.delete(call)) streamOf(call).destroy();
          },
        }),
    });
  };

  /** The call with these headers was answered. */
  answered(metadata: Metadata): void {
    const call = this.#calls.get(metadata);
    if (call !== undefined && !streamOf(call).destroyed) this.#watch(this.#leaving, call);
  }

  close(): void {
    this.#sweeper.end();
  }

  #watch(calls: Map<Call, number>, call: Call): void {
    calls.set(call, performance.now());
    this.#sweeper.begin();
  }

  #sweep(now: number): void {
    // In the order in which they began.
    for (const [call, since] of this.#arriving) {
      if (now - since < (this.#arriving.size > MAX_ARRIVING ? this.#stallMs / HURRY : this.#stallMs)) break;
      this.#arriving.delete(call);
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: "The request did not come in whole in time." });
      streamOf(call).destroy();
    }
    for (const [call, since] of this.#leaving) {
      if (now - since < this.#stallMs) break;
      this.#leaving.delete(call);
      streamOf(call).destroy();
    }
    if (this.#arriving.size === 0 && this.#leaving.size === 0) this.close();
  }
}
