import { until, type AppendRequest, type Content, type EventLog } from "@countersign/event-log";
import { actionDecider } from "../../domain/decider.ts";
import { initialState, isTerminal } from "../../domain/state.ts";
import { toHex } from "../../usecases/content.ts";
import type { ActionRef, ActionStore, ActionView, Change, Contents } from "../../usecases/ports.ts";
import { ActionCache, type CacheLimits } from "./action-cache.ts";
import { catchUp, streamOf } from "./action-stream.ts";
import { asOf, fromReply, toReply } from "./bookmarks.ts";
import { toNewEvent } from "./event-codec.ts";

/** Action streams of one ledger, through a write-through cache. */
export function createActionStore(log: EventLog, limits: CacheLimits): ActionStore {
  const cache = new ActionCache(limits);
  const refresh = async (ref: ActionRef): Promise<ActionView> => cache.keep(await catchUp(log, cache.get(ref) ?? nothing(ref)));
  return {
    load: async (ref) => {
      const cached = cache.get(ref);
      return cached === undefined ? { view: await refresh(ref), certain: true } : { view: cached, certain: isTerminal(cached.state) };
    },
    refresh,
    commit: async (view, change) => {
      const after = afterChange(view, change);
      const appended = await log.append(toAppend(view, after, change));
      if (appended.outcome === "replayed") return { outcome: "replayed", bookmark: fromReply(view.ref.tenant, appended.reply) };
      if (appended.outcome !== "appended") return appended;
      return { outcome: "appended", view: cache.keep(after), lastPosition: appended.events.at(-1)?.position ?? -1 };
    },
    asOf: (bookmark) => asOf(log, bookmark),
    versionAt: async (ref, moment) => until(await log.readStream(streamOf(ref)), moment).length,
    findReply: async ({ tenant, caller, key }) => {
      const found = await log.findReply(tenant, caller, key);
      if (found === undefined) return undefined;
      return found.ledger === log.ledger ? { outcome: "replayed", bookmark: fromReply(tenant, found.reply) } : { outcome: "key_reused" };
    },
  };
}

function nothing(ref: ActionRef): ActionView {
  return { ref, state: initialState, contents: new Map() };
}

function afterChange(view: ActionView, { events, contents }: Change): ActionView {
  return { ref: view.ref, state: events.reduce(actionDecider.evolve, view.state), contents: withContents(view.contents, contents) };
}

function withContents(before: Contents, added: readonly Content[]): Contents {
  if (added.length === 0) return before;
  return new Map([...before, ...added.map((content) => [toHex(content.digest), content] as const)]);
}

function toAppend({ ref, state }: ActionView, after: ActionView, change: Change): AppendRequest {
  const { events, contents, actor, at, traceparent, idempotency } = change;
  return {
    stream: streamOf(ref),
    expectedVersion: state.version,
    events: events.map(toNewEvent),
    contents,
    actor: actor && { issuer: actor.issuer, id: actor.id },
    time: new Date(at),
    traceparent,
    idempotency: idempotency && { ...idempotency, reply: toReply({ ref, version: after.state.version }) },
  };
}
