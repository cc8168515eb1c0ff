import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { migrate, openDatabase } from "@countersign/database";
import { ALL_MIGRATIONS } from "@countersign/server";
import { connect } from "@nats-io/transport-node";
import { freePort, testNats, testPostgres } from "@countersign/testing";
import { afterAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { asUser } from "./command-line.ts";
import { eventually, processesWith, runProgram, type Program } from "./program.ts";

const MAIN = "deploy/standalone/src/main.ts";
const READY = "Countersign is ready.";

vi.setConfig({ testTimeout: 60_000 });

// PostgreSQL's user must get through when we are root.
const root = mkdtempSync(join(tmpdir(), "countersign-start-"));
chmodSync(root, 0o755);
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** `npm start` on a data directory below ours; ended with the test at the latest. */
function start(name: string, env: NodeJS.ProcessEnv = {}): Program & { readonly dataDir: string } {
  const dataDir = join(root, name);
  const program = runProgram(MAIN, { COUNTERSIGN_DATA_DIR: dataDir, COUNTERSIGN_PORT: "0", COUNTERSIGN_TILES_PORT: "0", ...env });
  onTestFinished(async () => {
    program.signal("SIGKILL");
    await program.ended();
  });
  return { ...program, dataDir };
}

/** By how much everything is slower because of others on this machine. */
const crowding = (): number => Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());

const isLocked = (dataDir: string): boolean => existsSync(join(dataDir, "instance.json"));

describe("npm start", () => {
  it("serves, stops on Ctrl-C however often it comes, and is soon back with its data", async () => {
    const first = start("kept");
    await first.prints(READY);
    const { address } = JSON.parse(readFileSync(join(first.dataDir, "instance.json"), "utf8")) as { address: string };
    expect(first.output()).toContain(address);
    const nats = /nats:\/\/countersign:\*{3}@(\S+)/.exec(first.output())?.[1] ?? "";
    await expect(connect({ servers: nats, reconnect: false })).rejects.toThrow("Authorization Violation");
    const agent = asUser("crm-agent", first.dataDir);
    const asked = await agent("request", "db.export", "--resource", "database:crm", "--context", "environment=production", "--json");
    expect(asked.err).toBe("");
    const { action } = JSON.parse(asked.out) as { action: { id: string } };
    await eventually("the terminal shows the review", () =>
      first.output().includes(`npm run countersign -- --data-dir ${first.dataDir} approve ${action.id} --digest`),
    );

    // The terminal signals the whole group, and npm passes it on once more.
    first.signal("SIGINT");
    first.signal("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 20));
    first.signal("SIGINT");
    expect(await first.ended()).toBe(0);
    expect(processesWith(first.dataDir)).toEqual([]);
    expect(isLocked(first.dataDir)).toBe(false);

    const second = start("kept");
    expect(await second.prints(READY)).toBeLessThan(20_000 * crowding());
    expect((await agent("get", action.id)).out).toContain("IN_REVIEW");
    expect((await asUser("policy-admin", first.dataDir)("policy", "list")).out.match(/in force/g)).toHaveLength(1);
  });

  it("stops cleanly when it is interrupted before it is ready", async () => {
    const program = start("interrupted");
    await eventually("PostgreSQL starts", () => existsSync(join(program.dataDir, "postgres")));
    program.signal("SIGINT");
    expect(await program.ended()).toBe(0);
    expect(processesWith(program.dataDir)).toEqual([]);
    expect(isLocked(program.dataDir)).toBe(false);
  });

  it("leaves a running one alone, and takes over from a killed one", async () => {
    const first = start("taken");
    await first.prints(READY);
    const beside = start("taken");
    expect(await beside.ended()).toBe(1);
    expect(beside.output()).toMatch(/^Countersign already runs on .*taken \(process \d+, serves gRPC at 127\.0\.0\.1:\d+\)\. Use it/);
    expect(beside.output().trimEnd().split("\n")).toHaveLength(1);
    expect((await asUser("crm-agent", first.dataDir)("list")).code).toBe(0);

    first.signal("SIGKILL");
    await first.ended();
    const next = start("taken");
    await next.prints(READY);
    expect((await asUser("crm-agent", first.dataDir)("list")).code).toBe(0);
    next.signal("SIGTERM");
    expect(await next.ended()).toBe(0);
    await eventually("the servers of the killed one are gone", () => processesWith(first.dataDir).length === 0);
  });

  it("says which ports are busy, all at once, and leaves nothing behind", async () => {
    const busy = createServer();
    await new Promise<void>((resolve) => busy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void busy.close());
    const { port } = busy.address() as { port: number };
    const program = start("busy", { COUNTERSIGN_PORT: String(port), COUNTERSIGN_TILES_PORT: String(port) });
    expect(await program.ended()).toBe(1);
    for (const setting of ["COUNTERSIGN_PORT", "COUNTERSIGN_TILES_PORT"])
      expect(program.output()).toContain(`127.0.0.1:${port} is taken (${setting}).`);
    expect(processesWith(program.dataDir)).toEqual([]);
    expect(isLocked(program.dataDir)).toBe(false);
  });
});

describe("npm start with servers of one's own", () => {
  it("uses them, and starts none", async () => {
    const { url, drop } = await testPostgres();
    onTestFinished(drop);
    const nats = await testNats();
    const program = start("own", {
      COUNTERSIGN_DATABASE_URL: url,
      COUNTERSIGN_NATS_URL: nats.url,
      COUNTERSIGN_NATS_PREFIX: nats.prefix,
    });
    await program.prints(READY);
    expect((await asUser("crm-agent", program.dataDir)("list")).code).toBe(0);
    expect(existsSync(join(program.dataDir, "postgres"))).toBe(false);
    expect(existsSync(join(program.dataDir, "nats"))).toBe(false);
    const password = new URL(url).password;
    expect(program.output()).not.toContain(password);
    program.signal("SIGINT");
    expect(await program.ended()).toBe(0);
  });

  it("names every setting that cannot be", async () => {
    const program = start("wrong", {
      COUNTERSIGN_DATABASE_URL: "mysql://x:secret@y/z",
      COUNTERSIGN_NATS_URL: "y",
      COUNTERSIGN_PORT: "http",
    });
    expect(await program.ended()).toBe(1);
    for (const problem of ["DATABASE_URL: must look like postgres://", "NATS_URL: must look like nats://", "PORT: "]) {
      expect(program.output()).toContain(`COUNTERSIGN_${problem}`);
    }
    expect(program.output()).not.toMatch(/secret|    at /);
    expect(existsSync(program.dataDir)).toBe(false);
  });

  it("names COUNTERSIGN_NATS_URL when nobody answers there", async () => {
    const { url, drop } = await testPostgres();
    onTestFinished(drop);
    const nats = `nats://127.0.0.1:${await freePort()}`;
    const program = start("no-nats", { COUNTERSIGN_DATABASE_URL: url, COUNTERSIGN_NATS_URL: nats });
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain(`COUNTERSIGN_NATS_URL: cannot connect to NATS at ${nats}`);
    expect(program.output()).not.toContain("    at ");
  });

  it("P7: leaves data of a newer version alone", async () => {
    const { url, drop } = await testPostgres((fresh) => migrate(fresh, ALL_MIGRATIONS));
    onTestFinished(drop);
    const database = openDatabase({ url, role: null, maxConnections: 1 });
    onTestFinished(() => database.close());
    await database.pool.query("insert into audit.migration (name, timestamp) values ('9999_from_the_future', 'later')");
    const tables = async (): Promise<unknown> => {
      const { rows } = await database.pool.query<object>("select oid, relname, relfilenode from pg_class order by 1");
      return rows;
    };
    const before = await tables();
    const program = start("newer", { COUNTERSIGN_DATABASE_URL: url, COUNTERSIGN_NATS_URL: (await testNats()).url });
    expect(await program.ended()).toBe(1);
    expect(program.output()).toContain('database schema "audit" was made by a newer version');
    expect(program.output()).toContain("update this checkout, or set COUNTERSIGN_DATA_DIR");
    expect(await tables()).toEqual(before);
  });
});
