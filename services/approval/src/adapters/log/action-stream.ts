import { isContentOf } from "@countersign/digest";
import { EventLogError, type EventReader, type RecordedEvent, type StreamName } from "@countersign/event-log";
import { actionDecider } from "../../domain/decider.ts";
import type { ActionEvent } from "../../domain/events.ts";
import type { ActionState } from "../../domain/state.ts";
import type { Hex } from "../../domain/values.ts";
import { inOwnMemory } from "../../usecases/content.ts";
import type { ActionRef, ActionView, Contents, NamedContent } from "../../usecases/ports.ts";
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
  const erased = events.some(({ type }) => type === "ContentErased");
  if (!erased && events.flatMap(contentsNamedBy).every(({ digest }) => view.contents.has(digest)))
    return { ref, state, contents: view.contents };
  // After the events that name them, never before.
  const contents = await contentsOf(log, ref);
  return { ref, state, contents: new Map([...contents].map(([digest, content]) => [digest, inOwnMemory(content)])) };
}

/** @throws EventLogError corrupt, when one is not what was recorded: a reviewer would judge another action than the one that runs. */
export async function contentsOf(log: EventReader, ref: ActionRef): Promise<Contents> {
  const contents = await log.readContents(streamOf(ref));
  for (const content of contents.values())
    if (!isContentOf(content.digest, content)) throw new EventLogError("corrupt", `a content of action ${ref.id} is not what was recorded`);
  return contents;
}

const evolveAll = (state: ActionState, events: readonly ActionEvent[]): ActionState => events.reduce(actionDecider.evolve, state);

/** What is there of the contents that events of the stream name, first come first. Why something was erased stays. */
export async function erasable(log: EventReader, ref: ActionRef): Promise<readonly NamedContent[]> {
  const stream = streamOf(ref);
  const events = (await log.readStream(stream)).map(fromRecordedEvent);
  const contents = await log.readContents(stream);
  const named = new Map<Hex, NamedContent>();
  events.forEach((event, index) => {
    if (event.type === "ContentErased") return;
    for (const { field, digest } of contentsNamedBy(event)) {
      const content = contents.get(digest);
      if (content === undefined || named.has(digest)) continue;
      named.set(digest, { digest, namedBy: `${event.type}.${field}`, version: index + 1, bytes: content.body.byteLength });
    }
  });
  return [...named.values()];
}

/** What the event says beside the log. */
function contentsNamedBy(event: ActionEvent): readonly { readonly field: string; readonly digest: Hex }[] {
  const named = {
    input: "input" in event && event.input,
    reason: "reason" in event && event.reason,
    message: "message" in event && event.message,
    text: "text" in event && event.text,
  };
  return Object.entries(named).flatMap(([field, digest]) => (typeof digest === "string" ? [{ field, digest }] : []));
}
