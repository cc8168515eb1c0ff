import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, type CommandBus } from "@countersign/bus";
import { GetReviewFromPageRequestSchema } from "@countersign/proto/internal/v1/channel_pb";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetReviewResponseSchema } from "@countersign/proto/v1/review_service_pb";
import { toReviewSource, type ReviewSource } from "@countersign/review-view";
import { notifierOf } from "./vote-sender.ts";

const TIMEOUT_MS = 5000;

/** A review as this person may see it. */
export type PersonsReview = {
  readonly source: ReviewSource;
  /** Why it cannot vote on it now, from the table of reasons; empty: it can. */
  readonly ineligible: string;
  /** Accounts because of which nobody can approve it now. */
  readonly unknown: readonly string[];
  /** What else it may do now, approving or not. */
  readonly mayReject: boolean;
  readonly mayEdit: boolean;
};

/** Undefined: there is no such review for this person. @throws Error when nobody can tell now. */
export type ReadAsPerson = (tenant: string, idToken: string, actionId: string) => Promise<PersonsReview | undefined>;

/** Asks with what the person signed in with: it sees what it may see, and no more. */
export function personReader(commands: CommandBus): ReadAsPerson {
  return async (tenant, idToken, actionId) => {
    const request = toBinary(GetReviewFromPageRequestSchema, create(GetReviewFromPageRequestSchema, { idToken, review: { actionId } }));
    const command = create(CommandSchema, { caller: notifierOf(tenant), request });
    try {
      const reply = await commands.send("approval", "GetReviewFromPage", command, { timeoutMs: TIMEOUT_MS });
      const { action, eligible, ineligibleReason, unknownCausers, mayReject, mayEdit } = fromBinary(GetReviewResponseSchema, reply);
      if (action?.id !== actionId || action.tenant !== tenant) throw new Error("approval answered with another action");
      const unknown = unknownCausers.map(({ issuer, id }) => `${issuer}#${id}`);
      return { source: toReviewSource(action), ineligible: eligible ? "" : ineligibleReason, unknown, mayReject, mayEdit };
    } catch (error) {
      if (error instanceof CommandError && NOBODY.has(error.code)) return undefined;
      throw error;
    }
  };
}

const NOBODY = new Set<string>(["NOT_FOUND", "PERMISSION_DENIED", "UNAUTHENTICATED"]);
