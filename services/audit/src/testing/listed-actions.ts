import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Resolved } from "@countersign/directory-client";
import type { NewEvent } from "@countersign/event-log";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { ListActionsRequestSchema, ListActionsResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { ListReviewsRequestSchema, ListReviewsResponseSchema } from "@countersign/proto/v1/review_service_pb";
import { agent, EVENTS, START, stage } from "./events.ts";

export const ACTIONS = [ListActionsRequestSchema, ListActionsResponseSchema] as const;
export const REVIEWS = [ListReviewsRequestSchema, ListReviewsResponseSchema] as const;

export const idOf = (number: number): string => `018f0000-0000-7000-8000-${String(number).padStart(12, "0")}`;

/** Waits for people, until so many minutes after the first event. */
export const inReview = (
  requester: Parameters<typeof EVENTS.requested>[0] = agent("exporter", "olga"),
  minutes = 60,
): readonly NewEvent[] => [
  EVENTS.requested(requester),
  EVENTS.verdict(VerdictOutcome.REVIEW),
  EVENTS.opened([stage(["dba", "sre"], 2, "owners"), stage(["security"], 1, "security")], timestampFromMs(START + minutes * 60_000)),
];

export const denied = [EVENTS.requested(agent("dropper"), "db.drop"), EVENTS.verdict(VerdictOutcome.DENY)];

/** What a list of reviews depends on beside the log. */
export type Around = {
  /** Milliseconds since the first event. */
  now: number;
  /** Who the caller is, by the directory. */
  known: Resolved;
  /** The times that it was asked for. */
  questions: Date[];
};
