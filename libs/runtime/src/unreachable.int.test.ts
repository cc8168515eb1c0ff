import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@countersign/database";
import { freePort, startNatsServer, testNats, testPostgres } from "@countersign/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkDatabase, reachNats } from "./unreachable.ts";

describe("checkDatabase", () => {
  it("takes a PostgreSQL that answers", async () => {
    const { url, drop } = await testPostgres();
    onTestFinished(drop);
    await expect(checkDatabase(url, null)).resolves.toBeUndefined();
  });

  it("P7: names the setting and the place, never the password", async () => {
    const url = `postgres://x:secret@localhost:${await freePort()}/app`;
    const refusal = await checkDatabase(url, null).catch((error: unknown) => String(error));
    expect(refusal).toMatch(/COUNTERSIGN_DATABASE_URL: cannot use PostgreSQL at localhost:\d+\/app: .*ECONNREFUSED/);
    expect(refusal).not.toContain("secret");
  });

  it("says why a PostgreSQL that answers will not do", async () => {
    const { url, drop } = await testPostgres();
    onTestFinished(drop);
    await expect(checkDatabase(url.replace(/\/[^/]*$/, "/missing"), null)).rejects.toThrow('database "missing" does not exist');
    await expect(checkDatabase(url.replace(/:[^:@]*@/, ":wrong@"), null)).rejects.toThrow("password authentication failed");
    await expect(checkDatabase(url, "countersign_nobody")).rejects.toThrow(/"countersign_nobody" does not exist: run .*migrate\.ts first/);
  });

  it("P7: a service does not begin on a database that nobody has migrated", async () => {
    const { url, drop } = await testPostgres();
    onTestFinished(drop);
    await expect(checkDatabase(url, "pg_monitor")).rejects.toThrow(
      "it has no tables of Countersign: run deploy/server/src/migrate.ts first",
    );
    const owner = openDatabase({ url, role: null, maxConnections: 1 });
    await owner.pool.query("create schema event_log");
    await owner.close();
    await expect(checkDatabase(url, "pg_monitor")).resolves.toBeUndefined();
  });
});

describe("reachNats", () => {
  it("takes a server with JetStream", async () => {
    const { url } = await testNats();
    await (await reachNats(url, "test")).close();
  });

  it("refuses a server without JetStream", async () => {
    const storeDir = mkdtempSync(join(tmpdir(), "countersign-nats-"));
    const server = await startNatsServer({ storeDir, jetstream: false });
    onTestFinished(async () => {
      await server.stop();
      rmSync(storeDir, { recursive: true, force: true });
    });
    await expect(reachNats(server.url, "test")).rejects.toThrow(/^COUNTERSIGN_NATS_URL: nats-server at .* has no JetStream/);
  });
});
