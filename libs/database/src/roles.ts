import { sql, type Kysely } from "kysely";

/** Services that have a role of their own in a database. */
export const SERVICES = ["approval", "audit", "directory", "gateway", "notifier", "policy"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** What services run as when they share a process: all that any of them may, and never to rewrite what is recorded. */
export const SERVICE_ROLE = "countersign_service";

/** May erase content, and nothing else. */
export const ERASER_ROLE = "countersign_eraser";

/** What one service runs as in a process of its own; in the process of all of them, the role of all of them. */
export function serviceRole(service: string): string {
  return isService(service) ? `countersign_${service}` : SERVICE_ROLE;
}

function isService(name: string): name is ServiceName {
  return SERVICES.some((service) => service === name);
}

/**
 * Makes the roles, which cannot log in, once per server, and lets the current login take them on. The role of all services is a member of each
 * one's: what is granted to one service need not be granted again. Two migrations at the same moment are fine.
 */
export async function ensureRoles(database: Kysely<unknown>): Promise<void> {
  const own = SERVICES.map(serviceRole);
  // A role belongs to the whole server, which no lock of one database covers: another creator may win between look and create.
  await sql
    .raw(`
    do $$
    declare wanted text;
    begin
      foreach wanted in array array['${[SERVICE_ROLE, ERASER_ROLE, ...own].join("','")}'] loop
        begin
          if not exists (select from pg_roles where rolname = wanted) then execute format('create role %I nologin', wanted); end if;
        exception when duplicate_object or unique_violation then null;
        end;
        if not (select rolsuper from pg_roles where rolname = current_user) and not pg_has_role(current_user, wanted, 'member') then
          execute format('grant %I to %I', wanted, current_user);
        end if;
      end loop;
      foreach wanted in array array['${own.join("','")}'] loop
        if not pg_has_role('${SERVICE_ROLE}', wanted, 'member') then
          begin
            execute format('grant %I to ${SERVICE_ROLE}', wanted);
          exception when unique_violation then null;
          end;
        end if;
      end loop;
    end $$;
  `)
    .execute(database);
}
