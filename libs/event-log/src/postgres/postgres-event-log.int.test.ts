import { migrate } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, afterEach, beforeAll } from "vitest";
import { describeEventLog } from "../event-log.contract.ts";
import { createPostgresEventLog, type PostgresEventLog } from "./postgres-event-log.ts";
import { eventLogMigrations } from "./migrations.ts";

let postgres: TestPostgres;
const open: PostgresEventLog[] = [];
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
});
afterEach(async () => {
  for (const log of open.splice(0)) await log.close();
});
afterAll(() => postgres.drop());

let ledgers = 0;
describeEventLog("the Postgres event log", async () => {
  ledgers += 1;
  const log = createPostgresEventLog({ url: postgres.url, ledger: `ledger-${ledgers}` });
  open.push(log);
  return log;
});
