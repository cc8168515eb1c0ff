import type { EventReader, RecordedEvent, StreamName } from "@countersign/event-log";
import { actionDecider } from "../../domain/decider.ts";
import type { ActionEvent } from "../../domain/events.ts";
import type { ActionState } from "../../domain/state.ts";
import type { Hex } from "../../domain/values.ts";
import type { ActionRef, ActionView } from "../../usecases/ports.ts";
import { fromRecordedEvent } from "./event-codec.ts";

export function streamOf({ tenant, id }: ActionRef): StreamName {
  return { tenant, type: "action", id };
}

export function fold(state: ActionState, events: readonly RecordedEvent[]): ActionState {
  return evolveAll(state, events.map(fromRecordedEvent));
}

/** The view with what the log has after it. Most of the time that is nothing, or nothing with words, and then one small read was the whole price. */
export async function catchUp(log: EventReader, view: ActionView): Promise<ActionView> {
  const { ref } = view;
  const news = await log.readStream(streamOf(ref), view.state.version);
  if (news.length === 0) return view;
  const events = news.map(fromRecordedEvent);
  const state = evolveAll(view.state, events);
  if (events.flatMap(contentsNamedBy).every((digest) => view.contents.has(digest))) return { ref, state, contents: view.contents };
  // After the events that name them, never before.
  return { ref, state, contents: await log.readContents(streamOf(ref)) };
}

const evolveAll = (state: ActionState, events: readonly ActionEvent[]): ActionState => events.reduce(actionDecider.evolve, state);

/** Digests of what the event says beside the log. */
function contentsNamedBy(event: ActionEvent): readonly Hex[] {
  const named = ["input" in event && event.input, "reason" in event && event.reason, "message" in event && event.message];
  return named.filter((digest) => typeof digest === "string");
}
