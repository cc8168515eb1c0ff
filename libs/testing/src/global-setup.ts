import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNatsServer, startPostgres, startReaper } from "@countersign/embedded";
import type { TestProject } from "vitest/node";
import "./provided.ts";

/** One PostgreSQL and one nats-server per vitest run, on free loopback ports, in one temporary folder that is gone afterwards. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-test-"));
  // PostgreSQL runs as another user when we are root, and must get through.
  await chmod(folder, 0o755);
  const reaper = startReaper({ folder });
  const [postgres, nats] = await Promise.all([
    startPostgres({ dataDir: join(folder, "postgres"), settings: LIGHT }),
    startNatsServer({ storeDir: join(folder, "nats"), jetstream: true }),
  ]);
  project.provide("postgresUrl", postgres.url);
  project.provide("natsUrl", nats.url);
  return async () => {
    await Promise.allSettled([postgres.stop(), nats.stop()]);
    await rm(folder, { recursive: true, force: true });
    reaper.dismiss();
  };
}

const LIGHT = { shared_buffers: "32MB", max_connections: "60", max_wal_size: "256MB", autovacuum_naptime: "10s" };
