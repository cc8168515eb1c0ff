import { ActionStatusSchema, type ActionStatus } from "@countersign/proto/v1/action_pb";

/** `IN_REVIEW` for ActionStatus.IN_REVIEW. */
export function statusName(status: ActionStatus): string {
  return ActionStatusSchema.value[status]?.name.replace(/^ACTION_STATUS_/, "") ?? `UNKNOWN_${status}`;
}
