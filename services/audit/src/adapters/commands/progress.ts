import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ProgressSchema } from "@countersign/proto/v1/audit_service_pb";
import type { StepProgress } from "../../ledger/flaws.ts";

const EVERY_MS = 500;

/** Turns steps into messages with rate and time left, two a second at most; the last one of each step is not left out. */
export class ProgressReport {
  readonly #now: () => number;
  #step: string | undefined;
  #start = { time: 0, done: 0 };
  #told = Number.NEGATIVE_INFINITY;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Nothing when it is too soon to say something again. */
  message({ step, done, total }: StepProgress): MessageInitShape<typeof ProgressSchema> | undefined {
    const time = this.#now();
    if (step !== this.#step) {
      this.#step = step;
      this.#start = { time, done };
    } else if (time - this.#told < EVERY_MS && done !== total) return undefined;
    this.#told = time;
    const seconds = (time - this.#start.time) / 1000;
    const rate = seconds > 0 ? (done - this.#start.done) / seconds : 0;
    const secondsLeft = total === undefined || rate === 0 ? 0 : (total - done) / rate;
    return { step, done: BigInt(done), total: BigInt(total ?? 0), rate, secondsLeft };
  }
}
