import { sql, type Kysely } from "kysely";

/** What services run as: reads, appends, keeps projections; never rewrites what is recorded. */
export const SERVICE_ROLE = "countersign_service";

/** May erase content, and nothing else. */
export const ERASER_ROLE = "countersign_eraser";

/** Makes a role that cannot log in, once per server, and lets the current login take it on. Two migrations at the same moment are fine. */
export async function ensureRole(database: Kysely<unknown>, role: string): Promise<void> {
  // A role belongs to the whole server, which no lock of one database covers: the other creator may win between look and create.
  await sql
    .raw(`
    do $$ begin
      if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
    exception when duplicate_object or unique_violation then null;
    end $$;
    do $$ begin
      if not (select rolsuper from pg_roles where rolname = current_user) then execute format('grant ${role} to %I', current_user); end if;
    end $$;
  `)
    .execute(database);
}
