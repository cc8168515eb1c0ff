import { until, type EventReader, type Moment } from "@countersign/event-log";
import type { Kysely } from "kysely";
import { toFact } from "../events/to-fact.ts";
import { foldStream } from "../../projections/actions/fold.ts";
import { queryActions, type ActionQuery, type ListedAction } from "../../projections/actions/query.ts";

/** Services' clocks may differ by so much; what was asked for later than this after a moment was surely not there. */
const CLOCK_SKEW_MS = 5 * 60_000;
const CANDIDATES = 100;

export type PastParts = {
  readonly log: EventReader;
  readonly database: Kysely<unknown>;
  /** Resolves when the live projection has taken in what lies before a position. */
  readonly reached: (position: number) => Promise<void>;
};

/** A page of the past. `before` is where the next one goes on; nothing: there is no more. */
export type PastPage = { readonly actions: readonly ListedAction[]; readonly before: number | undefined; readonly looked: number };

/**
 * Actions as they were at a moment, newest first. Who asked, what for and where an action begins never change, so the live projection says which ones to
 * look at; each of those is folded from its own stream up to the moment. Memory holds a few streams, however long the log.
 * @param looks - how many actions to look at; the page may be short, and still not the last one.
 */
export async function pastActions(parts: PastParts, query: ActionQuery, moment: Moment, looks: number): Promise<PastPage> {
  const end = await firstAfter(parts, moment);
  await parts.reached(end);
  const wanted = new Set(query.statuses);
  const actions: ListedAction[] = [];
  let before = Math.min(query.before ?? Number.MAX_SAFE_INTEGER, end);
  for (let looked = 0; looked < looks;) {
    const candidates = await queryActions(parts.database, { ...query, statuses: [], before, limit: CANDIDATES });
    const then = await Promise.all(candidates.map(({ id }) => stateAt(parts.log, query.tenant, id, moment)));
    for (const [index, candidate] of candidates.entries()) {
      looked += 1;
      before = candidate.state.requestPosition;
      const past = then[index];
      if (past !== undefined && (wanted.size === 0 || wanted.has(past.state.status))) actions.push(past);
      if (actions.length === query.limit) return { actions, before, looked };
    }
    if (candidates.length < CANDIDATES) return { actions, before: undefined, looked };
  }
  return { actions, before, looked: looks };
}

async function stateAt(log: EventReader, tenant: string, id: string, moment: Moment): Promise<ListedAction | undefined> {
  const events = until(await log.readStream({ tenant, type: "action", id }), moment);
  const { state } = foldStream(undefined, events, toFact);
  return state === undefined ? undefined : { id, state };
}

/** A position behind everything that had happened then. */
async function firstAfter({ log }: PastParts, moment: Moment): Promise<number> {
  const head = await log.nextPosition();
  if ("position" in moment) return Math.min(moment.position + 1, head);
  const time = new Date(moment.time.getTime() + CLOCK_SKEW_MS);
  let [low, high] = [0, head];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.readAll({ from: middle, limit: 1 });
    if (event !== undefined && event.time <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
