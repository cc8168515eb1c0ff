import { join } from "node:path";
import { migrate } from "@countersign/database";
import { isRunning } from "@countersign/embedded";
import type { DevelopmentIssuer } from "@countersign/identity";
import { ALL_MIGRATIONS } from "@countersign/server";
import { developmentKeys, ensureStarterPolicy, SERVICES, startServiceProcess, type ServiceProcess } from "@countersign/standalone";
import { freePort, testNats } from "@countersign/testing";

/** Each service as a process of its own, and two of the one that decides. */
export type Services = {
  readonly address: string;
  readonly issuer: DevelopmentIssuer;
  /** Every line that any of them printed. */
  readonly logged: readonly string[];
  /** Whether all of them are the processes that were started. */
  allAlive(): boolean;
  close(): Promise<void>;
};

/** Starts them, with the starter policy in force for tenant acme; `folder` gets the keys and the anchor. */
export async function startServices(databaseUrl: string, folder: string): Promise<Services> {
  const [nats, keys, port] = [await testNats(), await developmentKeys(join(folder, "keys")), await freePort()];
  await migrate(databaseUrl, ALL_MIGRATIONS);
  const env = {
    ...keys.env,
    COUNTERSIGN_DATABASE_URL: databaseUrl,
    COUNTERSIGN_NATS_URL: nats.url,
    COUNTERSIGN_NATS_PREFIX: nats.prefix,
    COUNTERSIGN_PORT: String(port),
    COUNTERSIGN_TIMER_INTERVAL: "100ms",
  };
  const logged: string[] = [];
  const processes: ServiceProcess[] = [];
  const close = async (): Promise<void> => void (await Promise.all(processes.map((service) => service.kill())));
  const starting = [...SERVICES, "approval" as const].map(async (name) => {
    processes.push(await startServiceProcess(name, env, (line) => logged.push(line)));
  });
  const failed = (await Promise.allSettled(starting)).find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) {
    await close();
    throw failed.reason;
  }
  const address = `127.0.0.1:${port}`;
  await ensureStarterPolicy(address, keys.issuer);
  return { address, issuer: keys.issuer, logged, allAlive: () => processes.every(({ pid }) => isRunning(pid)), close };
}
