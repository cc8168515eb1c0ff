import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@countersign/database";
import type { DevelopmentIssuer } from "@countersign/identity";
import {
  developmentKeys,
  ensureStarterPolicy,
  startInfrastructure,
  startServiceProcess,
  startServiceProcesses,
} from "@countersign/standalone";
import { ALL_MIGRATIONS } from "@countersign/server";
import { freePort } from "@countersign/embedded";

/** All services as modules of one process, or each as a process. */
export type Layout = "one-process" | "process-per-service";

/** The complete system under test, in processes of its own. */
export type System = { readonly address: string; readonly issuer: DevelopmentIssuer; close(): Promise<void> };

/** Starts PostgreSQL, nats-server and the services in a temporary folder, with durable commits, as in production. */
export async function startSystem(layout: Layout): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  const infrastructure = await startInfrastructure({ dataDir: folder });
  await migrate(infrastructure.databaseUrl, ALL_MIGRATIONS);
  const keys = await developmentKeys(join(folder, "keys"));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const env = {
    ...keys.env,
    COUNTERSIGN_DATABASE_URL: infrastructure.databaseUrl,
    COUNTERSIGN_NATS_URL: infrastructure.natsUrl,
    COUNTERSIGN_PORT: String(port),
  };
  const processes = layout === "one-process" ? [await startServiceProcess("countersign", env)] : await startServiceProcesses(env);
  await ensureStarterPolicy(address, keys.issuer);
  return {
    address,
    issuer: keys.issuer,
    close: async () => {
      for (const service of processes.toReversed()) await service.stop();
      await infrastructure.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
