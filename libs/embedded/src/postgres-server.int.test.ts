import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isRunning, startPostgres } from "./index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-embedded-"));
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
}

describe("an embedded PostgreSQL", () => {
  it("P4: keeps what was committed through kill -9 and a second start", async () => {
    const dataDir = join(folder, "postgres");
    const first = await startPostgres({ dataDir });
    await ask(first.url, "create table kept as select 1 as id");
    await first.kill();
    const second = await startPostgres({ dataDir, port: first.port });
    expect(await ask(second.url, "select id from kept")).toEqual([{ id: 1 }]);
    await second.stop();
  });

  it("runs in a folder that only its starter may enter", async () => {
    const secluded = join(folder, "home");
    await mkdir(secluded, { mode: 0o700 });
    const server = await startPostgres({ dataDir: join(secluded, "postgres") });
    expect(await ask(server.url, "select current_setting('fsync') as fsync")).toEqual([{ fsync: "on" }]);
    await server.stop();
  });

  it("does not take a port that is in use, and says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(startPostgres({ dataDir: join(folder, "postgres"), port })).rejects.toThrow("Address already in use");
    other.close();
  });

  it("leaves a folder alone that holds something else", async () => {
    const dataDir = join(folder, "photos");
    await mkdir(join(dataDir, "2026"), { recursive: true });
    await expect(startPostgres({ dataDir })).rejects.toThrow("holds something else");
    expect(await readdir(dataDir)).toEqual(["2026"]);
  });

  it("ends with its starter, even when that is killed", async () => {
    const script = `
      import { startPostgres } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
      const server = await startPostgres({ dataDir: ${JSON.stringify(join(folder, "postgres"))} });
      console.log(server.pid);
      setInterval(() => {}, 1000);
    `;
    const starter = spawn(process.execPath, ["--input-type=module-typescript", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
    const printed = await new Promise((resolve) => starter.stdout.once("data", resolve));
    starter.kill("SIGKILL");
    await expect.poll(() => isRunning(Number(String(printed))), { timeout: 30_000 }).toBe(false);
  });
});
