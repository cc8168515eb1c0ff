import type { EventType } from "@countersign/events";

/** What is read of a payload of one type: numbers of fields; 0 for one that it has not. */
export type PayloadPlan = {
  readonly type: EventType;
  readonly asks: number;
  readonly digest: number;
  readonly end: number;
  /** Those that refer to content, in the order of their message. */
  readonly refs: readonly number[];
};

export type VotePlan = Readonly<Record<"reviewer" | "digest" | "shownDigest" | "stage" | "keyId" | "signature" | "decision", number>>;

/**
 * What is read of every message. It comes from the descriptors, in `payload-plans.ts`, and is handed to whoever examines segments: a thread that had to load protobuf and all messages
 * for a few numbers would take longer for that than for a hundred thousand events.
 */
export type Plans = {
  readonly payloads: ReadonlyMap<string, PayloadPlan>;
  readonly votes: Readonly<Record<"VoteCast" | "BreakGlassUsed", VotePlan>>;
  /** Of a vote, by its number. */
  readonly decisions: ReadonlyMap<number, string>;
  readonly verdict: number;
  readonly revision: number;
  readonly bindingContext: number;
  readonly issuer: number;
  readonly id: number;
};
