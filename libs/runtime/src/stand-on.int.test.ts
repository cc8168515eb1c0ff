import { openDatabase } from "@countersign/database";
import { Readiness } from "@countersign/telemetry";
import { testPostgres } from "@countersign/testing";
import { expect, onTestFinished, test } from "vitest";
import { standOnNats, standOnPostgres } from "./stand-on.ts";

const nats = { isClosed: () => false, rtt: async () => 1 };

async function checks(url: string, problem?: string): Promise<Readonly<Record<string, string>>> {
  const database = openDatabase({ url, role: null, maxConnections: 1 });
  onTestFinished(() => database.close());
  const readiness = new Readiness();
  standOnPostgres(readiness, database);
  standOnNats(readiness, nats, { problem: () => problem });
  return (await readiness.look()).checks;
}

test("P7: a process whose Postgres takes no appends, or whose NATS refuses it a subject, is not ready and says why", async () => {
  const { url, drop } = await testPostgres();
  onTestFinished(drop);
  expect(await checks(url)).toEqual({ postgres: "ok", nats: "ok" });
  const owner = openDatabase({ url, role: null, maxConnections: 1 });
  onTestFinished(() => owner.close());
  await owner.pool.query(`alter database "${new URL(url).pathname.slice(1)}" set default_transaction_read_only = on`);
  expect(await checks(url, "may not subscribe to cs.cmd.approval.*")).toEqual({
    postgres: "is read-only: it takes no appends",
    nats: "may not subscribe to cs.cmd.approval.*",
  });
});
