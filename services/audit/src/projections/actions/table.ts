/**
 * Columns are what lists select and sort by (`requester` is a `CallerKey`: whoever acts for others is another one for each of them); `state` holds the rest and all of them are computed from it. Text is compared by bytes, so that
 * key order does not depend on the database's locale.
 */
export function createActionTable(table: string): { readonly table: string; readonly indexes: readonly string[] } {
  return {
    table: `create table audit.${table} (
      tenant text collate "C" not null,
      action_id text collate "C" not null,
      request_position bigint not null,
      version bigint not null,
      status text not null,
      action_name text not null,
      requester text not null,
      waits boolean not null,
      review_deadline bigint not null,
      asks text[] not null,
      barred text[] not null,
      state text not null,
      constraint ${table}_pkey primary key (tenant, action_id)
    ) with (fillfactor = 80)`,
    indexes: [
      `create unique index ${table}_newest on audit.${table} (tenant, request_position desc)`,
      `create index ${table}_own on audit.${table} (tenant, requester, request_position desc)`,
      `create index ${table}_reviews on audit.${table} (tenant, review_deadline, request_position) where waits`,
    ],
  };
}

/** Stands for "no deadline" where a number is needed: sorts last. */
export const NO_DEADLINE = Number.MAX_SAFE_INTEGER;
