import type { MessageInitShape } from "@bufbuild/protobuf";
import { ActionStatus as WireStatus } from "@countersign/proto/v1/action_pb";
import type { ActionSummarySchema } from "@countersign/proto/v1/action_service_pb";
import { openReview, type ActionStatus } from "../../projections/actions/action-state.ts";
import type { ListedAction } from "../../projections/actions/query.ts";

export function toSummary({ id, state }: ListedAction): MessageInitShape<typeof ActionSummarySchema> {
  const review = openReview(state);
  return {
    id,
    status: WireStatus[state.status],
    version: BigInt(state.version),
    actionName: state.actionName,
    resourceType: state.resourceType,
    resourceId: state.resourceId,
    requester: { issuer: state.requester.issuer, id: state.requester.id, type: state.requester.kind },
    requestTime: rfc3339(state.requestTime),
    updateTime: rfc3339(state.updateTime),
    reviewDeadline: review?.deadline === undefined || review.deadline === null ? "" : rfc3339(review.deadline),
    reviewGroups: [...(review?.groups ?? [])],
    approvals: review?.approvals ?? 0,
    quorum: review?.quorum ?? "",
    afterReview: state.afterReview !== null,
    ...(state.claim !== null && { claimedBy: claimant(state.claim), claimExpireTime: rfc3339(state.claim.until) }),
    asked: review === undefined ? 0 : state.asked,
  };
}

/** Only humans claim. */
function claimant({ issuer, id }: { readonly issuer: string; readonly id: string }) {
  return { issuer, id, type: "human" };
}

/** Our word for a wire status, if it is one: both have the same names. */
export function fromWireStatus(wire: WireStatus): ActionStatus | undefined {
  const name = NAMES.find((candidate) => WireStatus[candidate] === wire);
  return name === "UNSPECIFIED" ? undefined : name;
}

function rfc3339(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

const NAMES = Object.keys(WireStatus) as (keyof typeof WireStatus)[];
