import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, type CommandBus } from "@countersign/bus";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { GetReviewRequestSchema, GetReviewResponseSchema } from "@countersign/proto/v1/review_service_pb";
import { toReviewSource, type ReviewSource } from "@countersign/review-view";

const TIMEOUT_MS = 5000;

/** A review as this person may see it. */
export type PersonsReview = {
  readonly source: ReviewSource;
  /** Why it cannot vote on it now, from the table of reasons; empty: it can. */
  readonly ineligible: string;
};

/** Undefined: there is no such review for this person. @throws Error when nobody can tell now. */
export type ReadAsPerson = (person: Principal, actionId: string) => Promise<PersonsReview | undefined>;

/** Asks as the person who signed in: it sees what it may see, and no more. */
export function personReader(commands: CommandBus): ReadAsPerson {
  return async (caller, actionId) => {
    const request = toBinary(GetReviewRequestSchema, create(GetReviewRequestSchema, { actionId }));
    try {
      const reply = await commands.send("approval", "GetReview", create(CommandSchema, { caller, request }), { timeoutMs: TIMEOUT_MS });
      const { action, eligible, ineligibleReason } = fromBinary(GetReviewResponseSchema, reply);
      if (action?.id !== actionId || action.tenant !== caller.tenant) throw new Error("approval answered with another action");
      return { source: toReviewSource(action), ineligible: eligible ? "" : ineligibleReason };
    } catch (error) {
      if (error instanceof CommandError && (error.code === "NOT_FOUND" || error.code === "PERMISSION_DENIED")) return undefined;
      throw error;
    }
  };
}
