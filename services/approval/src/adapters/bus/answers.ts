import type { Handled } from "../../usecases/handle.ts";
import type { ActionView } from "../../usecases/ports.ts";
import { isRecorded, toActionMessage } from "../wire/action-message.ts";
import { failure } from "./failures.ts";

/** The action for a reply. */
export function action(view: ActionView) {
  if (!isRecorded(view)) throw failure("NOT_FOUND");
  return toActionMessage(view);
}

/** The action after a command without an idempotency key; throws what refused it. */
export function settled(handled: Handled) {
  switch (handled.outcome) {
    case "done":
    case "unchanged":
      return action(handled.view);
    case "refused":
      throw failure(handled.code, undefined, handled.details);
    case "lost_race":
      throw failure("LOST_RACE");
    case "replayed":
    case "key_reused":
      throw new Error(`a command without a key was answered ${handled.outcome}`);
    default:
      return handled satisfies never;
  }
}
