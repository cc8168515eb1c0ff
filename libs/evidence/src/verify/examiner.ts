import { examineSegment, type SegmentContext } from "./examine-segment.ts";
import type { SegmentFacts, SegmentPlace } from "./segment-facts.ts";
import type { SegmentRoom } from "./segment-room.ts";

/** Examines segments, several at a time if it can. */
export type Examiner = {
  /** Segments that are worth to be under way at one time; a verification holds the facts of so many in memory. */
  readonly width: number;
  /** What there is to say of the segment whose parts are in the room, which is empty again when the answer is there. */
  examine(place: SegmentPlace, room: SegmentRoom): Promise<SegmentFacts>;
  close(): Promise<void>;
};

export type ExaminerFactory = (context: SegmentContext) => Examiner;

/** On the thread of the caller. */
export const examineHere: ExaminerFactory = (context) => ({
  width: 1,
  examine: async (place, room) => examineIn(context, place, room),
  close: async () => undefined,
});

/** Examines at once. */
export function examineIn(context: SegmentContext, place: SegmentPlace, room: SegmentRoom): SegmentFacts {
  const facts = examineSegment(context, { ...place, parts: room.parts });
  room.clear();
  return facts;
}
