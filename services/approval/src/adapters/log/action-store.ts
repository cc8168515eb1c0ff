import type { Content, EventLog, RecordedEvent } from "@countersign/event-log";
import { LRUCache } from "lru-cache";
import { actionDecider } from "../../domain/decider.ts";
import { isTerminal, type ActionState } from "../../domain/state.ts";
import { toHex } from "../../usecases/content.ts";
import type { ActionRef, ActionStore, ActionView, Bookmark, Contents } from "../../usecases/ports.ts";
import { fromRecordedEvent, toNewEvent } from "./event-codec.ts";

export type CacheLimits = { readonly actions: number; readonly bytes: number };

/** A state without its contents is about this large in memory. */
const STATE_BYTES = 4096;

/**
 * Action streams of one ledger, through a write-through cache. Only what was committed gets into the cache, and an older version never
 * takes the place of a newer one.
 */
export function createActionStore(log: EventLog, limits: CacheLimits): ActionStore {
  const cache = new LRUCache<string, ActionView>({
    max: limits.actions,
    maxSize: limits.bytes,
    maxEntrySize: limits.bytes,
    sizeCalculation: sizeOf,
  });

  const remember = (view: ActionView): ActionView => {
    const key = keyOf(view.ref);
    const cached = cache.peek(key);
    if (view.state.version > 0 && (cached === undefined || cached.state.version <= view.state.version)) cache.set(key, view);
    return view;
  };

  const read = async (ref: ActionRef, cached: ActionView | undefined): Promise<ActionView> => {
    if (cached !== undefined) {
      // Most of the time there is nothing new, and then this was the whole price.
      const news = await log.readStream(streamOf(ref), cached.state.version);
      if (news.length === 0) return cached;
      return remember({ ref, state: fold(cached.state, news), contents: await log.readContents(streamOf(ref)) });
    }
    // Contents are read after the events that name them, never before.
    const events = await log.readStream(streamOf(ref));
    const contents: Contents = events.length === 0 ? new Map() : await log.readContents(streamOf(ref));
    return remember({ ref, state: fold(actionDecider.initialState, events), contents });
  };

  return {
    load: async (ref) => {
      const cached = cache.get(keyOf(ref));
      if (cached === undefined) return { view: await read(ref, undefined), certain: true };
      return { view: cached, certain: isTerminal(cached.state) };
    },
    refresh: (ref) => read(ref, cache.get(keyOf(ref))),
    commit: async (view, change) => {
      const { ref } = view;
      const after: ActionView = {
        ref,
        state: change.events.reduce(actionDecider.evolve, view.state),
        contents: withContents(view, change.contents),
      };
      const { idempotency } = change;
      const appended = await log.append({
        stream: streamOf(ref),
        expectedVersion: view.state.version,
        events: change.events.map(toNewEvent),
        contents: change.contents,
        actor: change.actor && { issuer: change.actor.issuer, id: change.actor.id },
        time: new Date(change.at),
        traceparent: change.traceparent,
        idempotency: idempotency && { ...idempotency, reply: toReply({ ref, version: after.state.version }) },
      });
      if (appended.outcome === "replayed") return { outcome: "replayed", bookmark: fromReply(ref.tenant, appended.reply) };
      if (appended.outcome !== "appended") return appended;
      return { outcome: "appended", view: remember(after), lastPosition: appended.events.at(-1)?.position ?? -1 };
    },
    asOf: async ({ ref, version }) => {
      const events = await log.readStream(streamOf(ref));
      const last = events[version - 1];
      if (last === undefined) throw new Error(`action ${ref.id} has no version ${version}`);
      const contents = await log.readContents(streamOf(ref));
      return { view: { ref, state: fold(actionDecider.initialState, events.slice(0, version)), contents }, position: last.position };
    },
    findReply: async ({ tenant, caller, key, requestDigest }) => {
      const found = await log.findReply(tenant, caller, key);
      if (found === undefined) return undefined;
      const same = Buffer.compare(found.requestDigest, requestDigest) === 0;
      return same ? { outcome: "replayed", bookmark: fromReply(tenant, found.reply) } : { outcome: "key_reused" };
    },
  };
}

function fold(state: ActionState, events: readonly RecordedEvent[]): ActionState {
  return events.map(fromRecordedEvent).reduce(actionDecider.evolve, state);
}

function withContents(view: ActionView, added: readonly Content[]): Contents {
  if (added.length === 0) return view.contents;
  const contents = new Map(view.contents);
  for (const content of added) contents.set(toHex(content.digest), content);
  return contents;
}

/** A reply as the log keeps it: `<action id> <version>`. */
function toReply({ ref, version }: Bookmark): Uint8Array {
  return Buffer.from(`${ref.id} ${version}`);
}

function fromReply(tenant: string, reply: Uint8Array): Bookmark {
  const [id = "", version] = Buffer.from(reply).toString().split(" ");
  return { ref: { tenant, id }, version: Number(version) };
}

function sizeOf(view: ActionView): number {
  let size = STATE_BYTES;
  for (const content of view.contents.values()) size += content.body.length + 256;
  return size;
}

function keyOf({ tenant, id }: ActionRef): string {
  return `${tenant}\n${id}`;
}

function streamOf({ tenant, id }: ActionRef) {
  return { tenant, type: "action", id };
}
