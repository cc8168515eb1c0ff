import { randomBytes } from "node:crypto";
import { migrate, openDatabase, serviceRole } from "@countersign/database";
import { appendKeys, eventLogMigrations, type AppendKeys } from "@countersign/event-log";
import { createTestEventLog, forgeAppend, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkAppendKeys } from "./check-append-keys.ts";

const REQUEST = {
  stream: { tenant: "acme", type: "action", id: "a" },
  events: [{ type: "Happened", schemaVersion: 1, data: new Uint8Array() }],
  time: new Date(0),
};
const stranger = appendKeys(randomBytes(32));
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  const log = createTestEventLog({ url: postgres.url, ledger: "main" });
  await log.append({ ...REQUEST, expectedVersion: 0 });
  await log.close();
});
afterAll(() => postgres.drop());

/** What was logged as an error. */
async function check(keys: AppendKeys, { ledger = "main", role = serviceRole("audit") } = {}): Promise<readonly string[]> {
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (fields: object, message: string) => void errors.push(`${message}: ${JSON.stringify(fields)}`) };
  await checkAppendKeys({ databaseUrl: postgres.url, ledger, appendKeys: keys }, role, logger);
  return errors;
}

it("takes the ledger's own keys, and any for a ledger that is not begun", async () => {
  expect(await check(TEST_APPEND_KEYS)).toEqual([]);
  expect(await check(stranger, { ledger: "new" })).toEqual([]);
});

it("P7: refuses to start with another ledger's, and without those of its beginning; says which settings these are", async () => {
  const settings = /^COUNTERSIGN_APPEND_KEY_FILE, COUNTERSIGN_APPEND_EARLIER_KEY_FILES: cannot be those of ledger main: .*position 0/;
  await expect(check(stranger)).rejects.toThrow(settings);
});

it("P7: refuses to start where the role may not read the ledger", async () => {
  await expect(check(TEST_APPEND_KEYS, { role: serviceRole("gateway") })).rejects.toThrow("permission denied for table");
});

it("starts where the newest event is forged, since somebody has to tell where, and says so", async () => {
  await forgeAppend(postgres.url, "main", { ...REQUEST, expectedVersion: 1 });
  expect(await check(TEST_APPEND_KEYS)).toEqual([expect.stringContaining("nothing is appended behind the ledger's newest event")]);
});

it("starts where the first event is damaged, and does not blame the keys", async () => {
  const owner = openDatabase({ url: postgres.url, role: null });
  await owner.pool.query("alter table event_log.event disable trigger all");
  await owner.pool.query("update event_log.event set leaf_hash = sha256(leaf_hash) where position = 0");
  await owner.close();
  expect(await check(TEST_APPEND_KEYS)).toContainEqual(expect.stringContaining("the ledger's first event is damaged"));
});
