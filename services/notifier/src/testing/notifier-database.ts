import { migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres } from "@countersign/testing";
import { notifierMigrations } from "../adapters/postgres/migrations.ts";

/** A test file's own database: as the service uses it, and with all rights. */
export type NotifierDatabase = {
  readonly url: string;
  readonly database: Database;
  readonly superuser: Database;
  /** And drops it. */
  close(): Promise<void>;
};

/** With the tables of the notifier. Call it once per test file, in `beforeAll`. */
export async function notifierDatabase(): Promise<NotifierDatabase> {
  const postgres = await testPostgres((url) => migrate(url, [notifierMigrations]));
  const database = openDatabase({ url: postgres.url });
  const superuser = openDatabase({ url: postgres.url, role: null });
  return {
    url: postgres.url,
    database,
    superuser,
    close: async () => {
      await Promise.all([database.close(), superuser.close()]);
      await postgres.drop();
    },
  };
}
