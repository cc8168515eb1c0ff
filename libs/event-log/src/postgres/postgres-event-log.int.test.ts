import { migrate } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { describeConcurrentAppends } from "../concurrent-appends.contract.ts";
import { describeEventLog } from "../event-log.contract.ts";
import { appended, appendTo, stream, withKey } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { createTestEventLog } from "../testing.ts";

let postgres: TestPostgres;
const open: PostgresEventLog[] = [];
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
});
afterEach(closeAll);
afterAll(() => postgres.drop());

async function closeAll(): Promise<void> {
  for (const log of open.splice(0)) await log.close();
}

let ledgers = 0;
/** As many instances on one new ledger as processes would have. */
function openNew(instances: number): readonly PostgresEventLog[] {
  ledgers += 1;
  const logs = Array.from({ length: instances }, () =>
    createTestEventLog({ url: postgres.url, ledger: `ledger-${ledgers}`, maxReadConnections: 1 }),
  );
  open.push(...logs);
  return logs;
}

describeEventLog("the Postgres event log", async () => {
  const [log] = openNew(1);
  if (log === undefined) throw new Error("no log");
  return log;
});

it("P4: a key used in another ledger is told, not answered with what belongs there", async () => {
  const [first] = openNew(1);
  const [second] = openNew(1);
  if (first === undefined || second === undefined) throw new Error("no log");
  await appended(first, appendTo(stream("a"), 0, withKey("elsewhere")));
  expect(await second.append(appendTo(stream("a"), 0, withKey("elsewhere")))).toEqual({ outcome: "key_reused" });
  expect(await second.findReply("acme", "https://issuer|agent", "elsewhere")).toMatchObject({ ledger: first.ledger });
});

for (const instances of [1, 2]) {
  describeConcurrentAppends(
    `the Postgres event log in ${instances} instances`,
    async () => {
      await closeAll();
      return openNew(instances);
    },
    25,
  );
}
