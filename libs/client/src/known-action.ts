import { ActionStatus, VoteDecision, type Action, type ActionState } from "@countersign/proto/v1/action_pb";

/** What a program goes on with, whether it was told the whole action or its state. */
export type KnownAction = Pick<
  ActionState,
  "id" | "tenant" | "status" | "version" | "digest" | "salt" | "bindingContext" | "reasons" | "editedProperties"
>;

/** Whether policy or people still have to answer. An edited action waits for its requester, who is told. */
export function isUndecided({ status }: Pick<ActionState, "status">): boolean {
  return status === ActionStatus.REQUESTED || status === ActionStatus.IN_REVIEW;
}

/** Of a whole action what its state would tell. */
export function knownOf(action: Action): KnownAction {
  const { id, tenant, status, version, digest, salt, bindingContext, input, review, verdict } = action;
  const rejections = (review?.votes ?? []).filter(({ decision, lapsed }) => decision === VoteDecision.REJECT && !lapsed);
  const reasons = status === ActionStatus.DENIED ? (verdict?.reasons ?? []) : rejections.map(({ reason }) => reason);
  const editedProperties = review?.editor && input?.action?.properties;
  return { id, tenant, status, version, digest, salt, bindingContext, reasons, ...(editedProperties && { editedProperties }) };
}
