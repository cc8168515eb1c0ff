import { until, type AppendRequest, type Content, type EventLog } from "@countersign/event-log";
import { actionDecider } from "../../domain/decider.ts";
import { initialState } from "../../domain/state.ts";
import type { Hex } from "../../domain/values.ts";
import { toHex } from "../../usecases/content.ts";
import type { ActionRef, ActionStore, ActionView, Change, Contents } from "../../usecases/ports.ts";
import { fromHex } from "../wire/bytes.ts";
import { ActionCache, type CacheLimits } from "./action-cache.ts";
import { catchUp, erasable, streamOf } from "./action-stream.ts";
import { asOf, fromReply, toReply } from "./bookmarks.ts";
import { toNewEvent } from "./event-codec.ts";

/** Forgets what another instance has erased. */
export type CachedActionStore = ActionStore & {
  forget(ref: ActionRef): void;
  /** Everything that has been in memory for long: so nothing outlives its erasure there, whatever was not heard. */
  forgetOld(): void;
};

/** Action streams of one ledger, through a write-through cache. */
export function createActionStore(log: EventLog, limits: CacheLimits): CachedActionStore {
  const cache = new ActionCache(limits);
  // P1: a standby that lagged may become the log, and what is remembered may never have happened there.
  log.onLost?.(() => cache.forgetAll());
  const refresh = async (ref: ActionRef): Promise<ActionView> => {
    const since = cache.forgettings;
    return cache.keep(await catchUp(log, cache.get(ref) ?? nothing(ref)), since);
  };
  return {
    load: async (ref) => {
      const cached = cache.get(ref);
      return cached === undefined ? { view: await refresh(ref), certain: true } : { view: cached, certain: false };
    },
    refresh,
    commit: async (view, change) => {
      const since = cache.forgettings;
      const after = afterChange(view, change);
      const appended = await log.append(toAppend(view, after, change));
      if (appended.outcome === "replayed") return { outcome: "replayed", bookmark: fromReply(view.ref.tenant, appended.reply) };
      if (appended.outcome === "conflict" && appended.actualVersion < view.state.version) cache.forget(view.ref);
      if (appended.outcome !== "appended") return appended;
      return { outcome: "appended", view: cache.keep(after, since), lastPosition: appended.events.at(-1)?.position ?? -1 };
    },
    asOf: (bookmark) => asOf(log, bookmark),
    versionAt: async (ref, moment) => until(await log.readStream(streamOf(ref)), moment).length,
    erasable: (ref) => erasable(log, ref),
    forget: (ref) => cache.forget(ref),
    forgetOld: () => cache.forgetOld(),
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

function afterChange(view: ActionView, { events, contents, erased = [] }: Change): ActionView {
  return {
    ref: view.ref,
    state: events.reduce(actionDecider.evolve, view.state),
    contents: changedContents(view.contents, contents, erased),
  };
}

function changedContents(before: Contents, added: readonly Content[], erased: readonly Hex[]): Contents {
  if (added.length === 0 && erased.length === 0) return before;
  const after = new Map([...before, ...added.map((content) => [toHex(content.digest), content] as const)]);
  for (const digest of erased) after.delete(digest);
  return after;
}

function toAppend({ ref, state }: ActionView, after: ActionView, change: Change): AppendRequest {
  const { events, contents, erased = [], actor, at, traceparent, idempotency } = change;
  return {
    stream: streamOf(ref),
    expectedVersion: state.version,
    events: events.map(toNewEvent),
    contents,
    erased: erased.map(fromHex),
    actor: actor && { issuer: actor.issuer, id: actor.id },
    time: new Date(at),
    traceparent,
    idempotency: idempotency && { ...idempotency, reply: toReply({ ref, version: after.state.version }) },
  };
}
