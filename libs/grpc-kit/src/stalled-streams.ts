import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import { type Call, streamOf } from "./http2-stream.ts";
import { Sweeper } from "./sweeper.ts";
import { Unread } from "./unread.ts";

const SWEEPS = { everyMs: 100, lateMs: 150 };
/** So many requests may be coming in, and so many answers be unread; beyond, they have a sixtieth of the time: of the answers, those of whoever leaves most. */
const MAX_ARRIVING = 128;
const MAX_UNREAD = 1024;
const HURRY = 60;

export type StallLimits = {
  /** How long a request may take to come in, and its answer to be taken. */
  readonly stallMs: number;
  /** Bytes of answers that are not taken yet; beyond, they have a sixtieth of the time. */
  readonly maxUnreadBytes: number;
};

/**
 * Cuts off streams that nobody moves. What has not come in whole has no owner yet, and grpc-js holds what there is of it, up to the largest message; what was answered has no place among the
 * calls any more, and the answer is held until it is read. Neither may be many, or stay.
 */
export class StalledStreams {
  readonly #limits: StallLimits;
  readonly #calls = new WeakMap<Metadata, Call>();
  readonly #arriving = new Map<Call, number>();
  readonly #leaving = new Map<Call, number>();
  readonly #sweeper = new Sweeper(SWEEPS, (now) => this.#sweep(now));

  constructor(limits: StallLimits) {
    this.#limits = limits;
  }

  readonly interceptor: ServerInterceptor = (method, call) => {
    this.#arriving.set(call, performance.now());
    this.#sweeper.begin();
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
            if (method.requestStream) this.#leaves(call);
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
    if (call !== undefined && !streamOf(call).destroyed) this.#leaves(call);
  }

  close(): void {
    this.#sweeper.end();
  }

  #leaves(call: Call): void {
    this.#leaving.delete(call);
    this.#leaving.set(call, performance.now());
    this.#sweeper.begin();
  }

  #sweep(now: number): void {
    this.#sweepArriving(now);
    this.#sweepLeaving(now);
    if (this.#arriving.size === 0 && this.#leaving.size === 0) this.close();
  }

  // Both in the order in which they began.
  #sweepArriving(now: number): void {
    for (const [call, since] of this.#arriving) {
      if (now - since < this.#timeIf(this.#arriving.size > MAX_ARRIVING)) return;
      this.#arriving.delete(call);
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: "The request did not come in whole in time." });
      streamOf(call).destroy();
    }
  }

  #sweepLeaving(now: number): void {
    let unread: Unread | undefined;
    for (const [call, since] of this.#leaving) {
      if (now - since < this.#timeIf(true)) return;
      unread ??= new Unread(this.#leaving.keys(), { maxNumber: MAX_UNREAD, maxBytes: this.#limits.maxUnreadBytes });
      if (now - since < this.#timeIf(unread.crowds(call))) continue;
      unread.remove(call);
      this.#leaving.delete(call);
      streamOf(call).destroy();
    }
  }

  /** How long each has, by whether there are many. */
  #timeIf(many: boolean): number {
    return many ? this.#limits.stallMs / HURRY : this.#limits.stallMs;
  }
}
