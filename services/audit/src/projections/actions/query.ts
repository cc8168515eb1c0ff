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
  readonly after: { readonly deadline: number; readonly position: number } | undefined;
  readonly limit: number;
};

/** Actions that wait for people, oldest deadline first, with the deadline that a page token has to name. */
export async function queryReviews(
  database: Kysely<unknown>,
  query: ReviewQuery,
): Promise<readonly (ListedAction & { readonly deadline: number })[]> {
  const { after, places } = query;
  const { rows } = await sql<StoredAction & { deadline: number }>`
    select action_id as id, state, review_deadline as deadline from audit.action
    where tenant = ${query.tenant} and waits
      ${after === undefined ? NOTHING : sql`and (review_deadline, request_position) > (${after.deadline}::bigint, ${after.position}::bigint)`}
      ${places === undefined ? NOTHING : sql`and (${sql.join([sql`false`, ...places.map(inPlace)], sql` or `)})`}
    order by review_deadline, request_position limit ${query.limit}`.execute(database);
  return rows.map((row) => ({ ...toListed(row), deadline: row.deadline }));
}

function inPlace({ asks, principals }: Place): RawBuilder<unknown> {
  return sql`(asks && ${[...asks]}::text[] and not barred && ${[...principals]}::text[])`;
}

/** One action, if the tenant has it. */
export async function queryAction(database: Kysely<unknown>, tenant: string, id: string): Promise<ListedAction | undefined> {
  const { rows } =
    await sql<StoredAction>`select action_id as id, state from audit.action where tenant = ${tenant} and action_id = ${id}`.execute(
      database,
    );
  return rows[0] === undefined ? undefined : toListed(rows[0]);
}

type StoredAction = { readonly id: string; readonly state: string };

const NOTHING = sql``;

function toListed(row: StoredAction): ListedAction {
  return { id: row.id, state: parseState(row.state) };
}
