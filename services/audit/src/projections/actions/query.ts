import { sql, type Kysely, type RawBuilder } from "kysely";
import type { ActionState, ActionStatus } from "./action-state.ts";
import type { CallerKey } from "./principal-key.ts";
import { parseState } from "./row.ts";
import type { Place } from "./who-may-decide.ts";

export type ListedAction = { readonly id: string; readonly state: ActionState };

export type ActionQuery = {
  readonly tenant: string;
  /** Only what this caller asked for. */
  readonly requester: CallerKey | undefined;
  readonly statuses: readonly ActionStatus[];
  readonly actionName: string;
  /** Only what was asked for before this position. */
  readonly before: number | undefined;
  readonly limit: number;
};

/** Newest first, by position of the request: it never changes, so pages neither skip nor repeat while actions move on. */
export async function queryActions(database: Kysely<unknown>, query: ActionQuery): Promise<readonly ListedAction[]> {
  const { rows } = await sql<StoredAction>`
    select action_id as id, state from audit.action
    where tenant = ${query.tenant}
      ${query.before === undefined ? NOTHING : sql`and request_position < ${query.before}`}
      ${query.requester === undefined ? NOTHING : sql`and requester = ${query.requester}`}
      ${query.statuses.length === 0 ? NOTHING : sql`and status = any (${[...query.statuses]}::text[])`}
      ${query.actionName === "" ? NOTHING : sql`and action_name = ${query.actionName}`}
    order by request_position desc limit ${query.limit}`.execute(database);
  return rows.map(toListed);
}

export type ReviewQuery = {
  readonly tenant: string;
  /** Only what this human may decide. */
  readonly places: readonly Place[] | undefined;
  /** Only those that nobody, or that this principal, has claimed by then. */
  readonly claim: { readonly by: { readonly issuer: string; readonly id: string } | undefined; readonly now: number } | undefined;
  readonly after: { readonly deadline: number; readonly position: number } | undefined;
  readonly limit: number;
};

/** Actions that wait for people, oldest deadline first, with the deadline that a page token has to name. */
export async function queryReviews(
  database: Kysely<unknown>,
  query: ReviewQuery,
): Promise<readonly (ListedAction & { readonly deadline: number })[]> {
  const { after, places, claim } = query;
  const { rows } = await sql<StoredAction & { deadline: number }>`
    select action_id as id, state, review_deadline as deadline from audit.action
    where tenant = ${query.tenant} and waits
      ${after === undefined ? NOTHING : sql`and (review_deadline, request_position) > (${after.deadline}::bigint, ${after.position}::bigint)`}
      ${places === undefined ? NOTHING : sql`and (${sql.join([sql`false`, ...places.map(inPlace)], sql` or `)})`}
      ${claim === undefined ? NOTHING : claimed(claim)}
    order by review_deadline, request_position limit ${query.limit}`.execute(database);
  return rows.map((row) => ({ ...toListed(row), deadline: row.deadline }));
}

/** Out of the state, not out of columns: only what waits for people is looked into, and only when somebody asks for it. */
function claimed({ by, now }: NonNullable<ReviewQuery["claim"]>): RawBuilder<unknown> {
  const claim = sql`state::json -> 'claim'`;
  const lasts = sql`coalesce((${claim} ->> 'until')::bigint > ${now}::bigint, false)`;
  return by === undefined
    ? sql`and not ${lasts}`
    : sql`and ${lasts} and ${claim} ->> 'issuer' = ${by.issuer} and ${claim} ->> 'id' = ${by.id}`;
}

function inPlace({ asks, principals }: Place): RawBuilder<unknown> {
  return sql`(asks && ${[...asks]}::text[] and not barred && ${[...principals]}::text[])`;
}

type StoredAction = { readonly id: string; readonly state: string };

const NOTHING = sql``;

function toListed(row: StoredAction): ListedAction {
  return { id: row.id, state: parseState(row.state) };
}
