import { encodePart } from "@countersign/events";
import { ActionSchema, ActionStateSchema } from "@countersign/proto/v1/action_pb";
import type { Handled } from "../../usecases/handle.ts";
import type { ActionView } from "../../usecases/ports.ts";
import { isRecorded, toActionMessage } from "../wire/action-message.ts";
import { toActionStateMessage } from "../wire/action-state-message.ts";
import { oncePer } from "../wire/once-per.ts";
import { failure, refused } from "./failures.ts";

/** The whole action for a reply, encoded once. Kept with the view, in the same cache: what is erased there is erased here. */
export const action = oncePer((view: ActionView) => {
  if (!isRecorded(view)) throw failure("NOT_FOUND");
  return encodePart(ActionSchema, toActionMessage(view));
});

/** Where the action is, in the same way: whoever waits for a version is told the same as whoever made it. */
export const actionState = oncePer((view: ActionView) => {
  if (!isRecorded(view)) throw failure("NOT_FOUND");
  return encodePart(ActionStateSchema, toActionStateMessage(view));
});

/** Where the action is after a command without an idempotency key; throws what refused it. */
export function settled(handled: Handled) {
  switch (handled.outcome) {
    case "done":
    case "unchanged":
      return actionState(handled.view);
    case "refused":
      throw refused(handled);
    case "lost_race":
      throw failure("LOST_RACE");
    case "replayed":
    case "key_reused":
      throw new Error(`a command without a key was answered ${handled.outcome}`);
    default:
      return handled satisfies never;
  }
}
