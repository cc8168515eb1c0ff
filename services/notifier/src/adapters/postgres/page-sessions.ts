import { sql, type Kysely } from "kysely";
import { sessionKey } from "../page/browser-state.ts";

/** Sessions of people on the page, for every process. A session is worth what its ID token is worth at that moment. */
export type PageSessions = {
  add(id: string, tenant: string, idToken: string): Promise<void>;
  find(id: string, tenant: string): Promise<string | undefined>;
  end(id: string): Promise<void>;
};

/** Longer than ID tokens live. */
const HOURS = 12;

export function postgresPageSessions<Tables>(database: Kysely<Tables>): PageSessions {
  return {
    add: async (id, tenant, idToken) => {
      await sql`delete from notifier.page_session where created_at < now() - ${HOURS} * interval '1 hour'`.execute(database);
      await sql`insert into notifier.page_session (id_hash, tenant, id_token) values (${sessionKey(id)}, ${tenant}, ${idToken})`.execute(
        database,
      );
    },
    find: async (id, tenant) => {
      const { rows } = await sql<{ token: string }>`
        select id_token as token from notifier.page_session
        where id_hash = ${sessionKey(id)} and tenant = ${tenant} and created_at >= now() - ${HOURS} * interval '1 hour'`.execute(database);
      return rows[0]?.token;
    },
    end: async (id) => {
      await sql`delete from notifier.page_session where id_hash = ${sessionKey(id)}`.execute(database);
    },
  };
}
