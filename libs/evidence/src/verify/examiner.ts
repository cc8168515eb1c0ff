import { examineSegment, type SegmentContext } from "./examine-segment.ts";
import type { SegmentFacts, SegmentJob } from "./segment-facts.ts";

/** Examines segments, several at a time if it can. */
export type Examiner = {
  /** Segments that are worth to be under way at one time; a verification holds so many in memory. */
  readonly width: number;
  examine(job: SegmentJob): Promise<SegmentFacts>;
  close(): Promise<void>;
};

export type ExaminerFactory = (context: SegmentContext) => Examiner;

/** On the thread of the caller. */
export const examineHere: ExaminerFactory = (context) => ({
  width: 1,
  examine: async (job) => examineSegment(context, job),
  close: async () => undefined,
});
