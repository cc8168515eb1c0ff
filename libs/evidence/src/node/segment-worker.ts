import { availableParallelism } from "node:os";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { SEGMENT_PARTS, type SegmentPart } from "../members.ts";
import { examineSegment, type SegmentContext } from "../verify/examine-segment.ts";
import type { Examiner, ExaminerFactory } from "../verify/examiner.ts";
import type { SegmentFacts, SegmentJob } from "../verify/segment-facts.ts";

/** A job on its way: bytes that nobody else holds, so that they move instead of being copied. */
type SentJob = Omit<SegmentJob, "parts"> & { readonly parts: readonly (readonly [SegmentPart, Uint8Array<ArrayBuffer>])[] };

/** Runs in a worker thread only: answers each job with its facts, in order. */
export function serveSegments(): void {
  const context = workerData as SegmentContext;
  parentPort?.on("message", ({ parts, ...job }: SentJob) => {
    const buffers = Object.fromEntries(parts.map(([part, { buffer }]) => [part, Buffer.from(buffer)]));
    const facts = examineSegment(context, { ...job, parts: buffers });
    const { count: _, ...columns } = facts.rows;
    parentPort?.postMessage(
      facts,
      Object.values(columns).map(({ buffer }) => buffer),
    );
  });
}

/** One worker thread for each core; `program` is a module that calls `serveSegments` when it is not the main thread. */
export function examineInWorkers(program: URL): ExaminerFactory {
  return (context) => new WorkerExaminer(Array.from({ length: availableParallelism() }, () => new SegmentWorker(program, context)));
}

class WorkerExaminer implements Examiner {
  readonly #workers: readonly SegmentWorker[];
  readonly width: number;
  #next = 0;

  constructor(workers: readonly SegmentWorker[]) {
    this.#workers = workers;
    // One under way and one in wait for each.
    this.width = 2 * workers.length;
  }

  async examine(job: SegmentJob): Promise<SegmentFacts> {
    const worker = this.#workers[this.#next];
    this.#next = (this.#next + 1) % this.#workers.length;
    if (worker === undefined) throw new RangeError("no worker");
    return worker.examine(job);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}

type Waiting = { readonly resolve: (facts: SegmentFacts) => void; readonly reject: (error: Error) => void };

/**
 * Of a thread's heap. Small young generations make V8 let go of what segments leave, buffers above all, before it heaps up; the old one has room for the worst segment
 * that the limits of members allow, and a thread that needs more is no verification.
 */
const LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 512 };

class SegmentWorker {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failed: Error | undefined;

  constructor(program: URL, context: SegmentContext) {
    this.#worker = new Worker(program, { workerData: context, resourceLimits: LIMITS });
    this.#worker.on("message", (facts: SegmentFacts) => this.#waiting.shift()?.resolve(facts));
    this.#worker.on("error", (cause) => this.#fail(new Error("a thread that examined a segment failed", { cause })));
    this.#worker.on("exit", () => this.#fail(new Error("a thread that examined segments ended")));
  }

  examine({ parts, ...job }: SegmentJob): Promise<SegmentFacts> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const owned = SEGMENT_PARTS.flatMap((part): SentJob["parts"] => {
      const bytes = parts[part];
      return bytes === undefined ? [] : [[part, new Uint8Array(bytes)]];
    });
    const sent: SentJob = { ...job, parts: owned };
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(
        sent,
        owned.map(([, { buffer }]) => buffer),
      );
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failed);
  }
}
