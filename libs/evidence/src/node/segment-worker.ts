import { availableParallelism } from "node:os";
import { parentPort, Worker, workerData } from "node:worker_threads";
import { examineSegment, type SegmentContext } from "../verify/examine-segment.ts";
import { examineHere, examineIn, type Examiner, type ExaminerFactory } from "../verify/examiner.ts";
import type { SegmentFacts, SegmentPlace } from "../verify/segment-facts.ts";
import { partsAt, type PartPlace, type SegmentRoom } from "../verify/segment-room.ts";

/** A job on its way, and what comes back: the bytes are held by one side only, so that they move instead of being copied. */
type SentJob = SegmentPlace & { readonly bytes: Uint8Array<ArrayBuffer>; readonly places: readonly PartPlace[] };
type Answer = { readonly facts: SegmentFacts; readonly bytes: Uint8Array<ArrayBuffer> };

/** Runs in a worker thread only: answers each job with its facts, in order. */
export function serveSegments(): void {
  const context = workerData as SegmentContext;
  parentPort?.on("message", ({ bytes, places, ...place }: SentJob) => {
    const facts = examineSegment(context, { ...place, parts: partsAt(Buffer.from(bytes.buffer), places) });
    const { count: _, ...columns } = facts.rows;
    const answer: Answer = { facts, bytes };
    parentPort?.postMessage(answer, [bytes.buffer, ...Object.values(columns).map(({ buffer }) => buffer)]);
  });
}

/**
 * On all cores: the thread of the caller examines as well, when all others have enough to do, and there is one other for each further core. `program` is a module that calls
 * `serveSegments` when it is not the main thread.
 */
export function examineInWorkers(program: URL, cores = availableParallelism()): ExaminerFactory {
  if (cores < 2) return examineHere;
  return (context) =>
    new WorkerExaminer(
      context,
      Array.from({ length: cores - 1 }, () => new SegmentWorker(program, context)),
    );
}

class WorkerExaminer implements Examiner {
  readonly #context: SegmentContext;
  readonly #workers: readonly SegmentWorker[];
  readonly width: number;

  constructor(context: SegmentContext, workers: readonly SegmentWorker[]) {
    this.#context = context;
    this.#workers = workers;
    // So many that the caller never waits for a segment while it could examine the next.
    this.width = 4 * (workers.length + 1);
  }

  async examine(place: SegmentPlace, room: SegmentRoom): Promise<SegmentFacts> {
    const idlest = this.#workers.reduce((one, other) => (other.waiting < one.waiting ? other : one));
    // One under way and one in wait for each.
    return idlest.waiting < 2 ? idlest.examine(place, room) : examineIn(this.#context, place, room);
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}

type Waiting = { readonly room: SegmentRoom; readonly resolve: (facts: SegmentFacts) => void; readonly reject: (error: Error) => void };

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
    this.#worker.on("message", (answer: Answer) => this.#answered(answer));
    this.#worker.on("error", (cause) => this.#fail(new Error("a thread that examined a segment failed", { cause })));
    this.#worker.on("exit", () => this.#fail(new Error("a thread that examined segments ended")));
  }

  /** Segments under way and in wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  examine(place: SegmentPlace, room: SegmentRoom): Promise<SegmentFacts> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const { bytes, places } = room.contents;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ room, resolve, reject });
      const job: SentJob = { ...place, bytes, places };
      this.#worker.postMessage(job, [bytes.buffer]);
    });
  }

  #answered({ facts, bytes }: Answer): void {
    const waiting = this.#waiting.shift();
    waiting?.room.clear(Buffer.from(bytes.buffer));
    waiting?.resolve(facts);
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failed);
  }
}
