import type { EventReader, RecordedEvent, StreamName } from "@countersign/event-log";
import { actionDecider } from "../../domain/decider.ts";
import type { ActionState } from "../../domain/state.ts";
import type { ActionRef, ActionView } from "../../usecases/ports.ts";
import { fromRecordedEvent } from "./event-codec.ts";

export function streamOf({ tenant, id }: ActionRef): StreamName {
  return { tenant, type: "action", id };
}

export function fold(state: ActionState, events: readonly RecordedEvent[]): ActionState {
  return events.map(fromRecordedEvent).reduce(actionDecider.evolve, state);
}

/** The view with what the log has after it. Most of the time that is nothing, and then one small read was the whole price. */
export async function catchUp(log: EventReader, view: ActionView): Promise<ActionView> {
  const { ref } = view;
  const news = await log.readStream(streamOf(ref), view.state.version);
  if (news.length === 0) return view;
  // After the events that name them, never before.
  const contents = await log.readContents(streamOf(ref));
  return { ref, state: fold(view.state, news), contents };
}
