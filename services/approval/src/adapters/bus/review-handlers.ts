import type { CommandHandler } from "@countersign/bus";
import { jsonFlaws } from "@countersign/digest";
import { encodeMessage } from "@countersign/events";
import {
  BreakGlassRequestSchema,
  BreakGlassResponseSchema,
  CloseAfterReviewRequestSchema,
  CloseAfterReviewResponseSchema,
  GetReviewRequestSchema,
  GetReviewResponseSchema,
  SubmitVoteRequestSchema,
  SubmitVoteResponseSchema,
  type Edit,
  type SubmitVoteRequest,
} from "@countersign/proto/v1/review_service_pb";
import { fromFinding } from "../wire/after-review-message.ts";
import { fromHex } from "../wire/bytes.ts";
import { toRefMessage } from "../wire/principal-message.ts";
import { toPatchOperation } from "../wire/patch-message.ts";
import { toHex } from "../../usecases/content.ts";
import type { Handled } from "../../usecases/handle.ts";
import type { Caller, Deps } from "../../usecases/ports.ts";
import { breakGlass, closeAfterReview } from "../../usecases/break-glass.ts";
import { readReview } from "../../usecases/read-action.ts";
import { castVote, editAction } from "../../usecases/submit-vote.ts";
import type { Principal } from "../../domain/principal.ts";
import { action, settled } from "./answers.ts";
import { call } from "./call.ts";
import { failure, fieldViolation, limited } from "./failures.ts";

/** Characters that say what an emergency is. */
const LEAST_REASON = 10;

/** What reviewers and notifiers call. */
export function reviewHandlers(deps: Deps): Readonly<Record<string, CommandHandler>> {
  return {
    GetReview: call(GetReviewRequestSchema, ({ actionId }, { principal }) => getReview(deps, actionId, principal)),

    SubmitVote: call(SubmitVoteRequestSchema, (request, caller) => submitVote(deps, request, caller)),

    BreakGlass: call(BreakGlassRequestSchema, async ({ actionId, digest, version, shownDigest, reason }, caller) => {
      if ([...reason.trim()].length < LEAST_REASON) throw fieldViolation("reason", `must have at least ${LEAST_REASON} characters`);
      const ref = { tenant: caller.principal.tenant, id: actionId };
      const shown = { ref, digest: toHex(digest), version: Number(version), shownDigest: toHex(shownDigest), reason };
      const handled = await breakGlass(deps, caller, shown);
      return encodeMessage(BreakGlassResponseSchema, { action: settled(handled) });
    }),

    CloseAfterReview: call(CloseAfterReviewRequestSchema, async (request, caller) => {
      const finding = fromFinding(request.finding);
      if (finding === undefined) throw fieldViolation("finding", "must be JUSTIFIED or NOT_JUSTIFIED");
      const ref = { tenant: caller.principal.tenant, id: request.actionId };
      const handled = await closeAfterReview(deps, caller, { ref, finding, reason: request.reason });
      return encodeMessage(CloseAfterReviewResponseSchema, { action: settled(handled) });
    }),
  };
}

export async function getReview(deps: Deps, actionId: string, reader: Principal): Promise<Uint8Array> {
  const found = await readReview(deps, reader, actionId);
  if (found === undefined) throw failure("NOT_FOUND");
  const { view, ineligible, unknown, mayReject, mayEdit } = found;
  const unknownCausers = unknown.map(toRefMessage);
  const eligibility = { eligible: ineligible === undefined, ineligibleReason: ineligible ?? "", unknownCausers, mayReject, mayEdit };
  const response = { action: action(view), ...eligibility, shownDigest: fromHex(deps.views.digest(view)) };
  return encodeMessage(GetReviewResponseSchema, response);
}

export async function submitVote(deps: Deps, request: SubmitVoteRequest, caller: Caller): Promise<Uint8Array> {
  const handled = await submit(deps, request, caller);
  return encodeMessage(SubmitVoteResponseSchema, { action: settled(handled) });
}

function submit(deps: Deps, request: SubmitVoteRequest, caller: Caller): Promise<Handled> {
  const { actionId, digest, version, shownDigest, decision } = request;
  const ref = { tenant: caller.principal.tenant, id: actionId };
  const shown = { ref, digest: toHex(digest), version: Number(version), shownDigest: toHex(shownDigest) };
  switch (decision.case) {
    case "approve":
      return castVote(deps, caller, { ...shown, decision: "approve", reason: limited("approve.reason", decision.value.reason) });
    case "reject":
      return castVote(deps, caller, { ...shown, decision: "reject", reason: limited("reject.reason", decision.value.reason) });
    case "edit": {
      const reason = limited("edit.reason", decision.value.reason);
      return editAction(deps, caller, { ...shown, ...changeIn(decision.value), reason });
    }
    case undefined:
      throw fieldViolation("decision", "must be approve, reject or edit");
    default:
      return decision satisfies never;
  }
}

/** P1: checked here as well as at the front door, since the page and the chats do not come by it. @throws CommandError */
function changeIn({ properties, patch }: Edit) {
  if ((properties === undefined) === (patch.length === 0)) throw fieldViolation("edit", "must have properties or a patch, and not both");
  const operations = patch.map(toPatchOperation);
  const flaws =
    properties === undefined
      ? operations.flatMap(({ value }, index) => (value === undefined ? [] : jsonFlaws(`edit.patch[${index}].value`, value)))
      : jsonFlaws("edit.properties", properties);
  const [flaw] = flaws;
  if (flaw !== undefined) throw fieldViolation(flaw.field, flaw.description);
  return properties === undefined ? { patch: operations } : { properties };
}
