import type { EventReader } from "@countersign/event-log";
import { initialState } from "../../domain/state.ts";
import type { ActionView, Bookmark } from "../../usecases/ports.ts";
import { contentsOf, fold, streamOf } from "./action-stream.ts";

/** What the log keeps for a retry: `<action id> <version>`. */
export function toReply({ ref, version }: Bookmark): Uint8Array {
  return Buffer.from(`${ref.id} ${version}`);
}

export function fromReply(tenant: string, reply: Uint8Array): Bookmark {
  const [id = "", version] = Buffer.from(reply).toString().split(" ");
  return { ref: { tenant, id }, version: Number(version) };
}

/** The action as it was at the bookmark, and the position of the event that made it so. */
export async function asOf(
  log: EventReader,
  { ref, version }: Bookmark,
): Promise<{ readonly view: ActionView; readonly position: number }> {
  const events = await log.readStream(streamOf(ref));
  const last = events[version - 1];
  if (last === undefined) throw new Error(`action ${ref.id} has no version ${version}`);
  const contents = await contentsOf(log, ref);
  return { view: { ref, state: fold(initialState, events.slice(0, version)), contents }, position: last.position };
}
