import { ActionStatus, type Action, type ActionState } from "@countersign/proto/v1/action_pb";

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
  const { id, tenant, status, version, digest, salt, bindingContext, reasons, input, review } = action;
  const editedProperties = review?.editor && input?.action?.properties;
  return { id, tenant, status, version, digest, salt, bindingContext, reasons, ...(editedProperties && { editedProperties }) };
}
