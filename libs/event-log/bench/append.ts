// What an append costs: `node libs/event-log/bench/append.ts [seconds]`. Starts a PostgreSQL of its own, with durable commits.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chmod } from "node:fs/promises";
import { randomUUID } from "node:crypto";
import { migrate } from "@countersign/database";
import { startPostgres } from "@countersign/testing";
import { eventLogMigrations, type EventLog } from "../src/index.ts";
import { createTestEventLog } from "../src/testing.ts";

type Shape = { readonly name: string; readonly events: number; readonly key: boolean };

const SHAPES: readonly Shape[] = [
  { name: "1 event", events: 1, key: false },
  { name: "4 events, key and content", events: 4, key: true },
];

const seconds = Number(process.argv[2] ?? 3);
const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"));
await chmod(folder, 0o755);
const server = await startPostgres({ dataDir: join(folder, "postgres"), settings: { shared_buffers: "128MB" } });
try {
  await migrate(server.url, [eventLogMigrations]);
  const log = createTestEventLog({ url: server.url, ledger: "bench" });
  for (const shape of SHAPES) {
    await run(log, shape, 64, 2);
    for (const inFlight of [1, 16, 64, 256]) {
      const { latencies, cpu, elapsed } = await run(log, shape, inFlight, seconds);
      latencies.sort((a, b) => a - b);
      const quantile = (q: number) => (latencies[Math.floor(latencies.length * q)] ?? 0).toFixed(3);
      const rate = (latencies.length * shape.events) / elapsed;
      process.stdout.write(
        `${shape.name}, ${inFlight} in flight: ${rate.toFixed(0)} events/s, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms, ` +
          `node ${((cpu * 1e6) / (latencies.length * shape.events)).toFixed(1)} us/event\n`,
      );
    }
  }
  await log.close();
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function run(log: EventLog, shape: Shape, inFlight: number, duration: number) {
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const end = start + duration * 1000;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (performance.now() < end) {
        const before = performance.now();
        const { outcome } = await log.append(request(shape));
        if (outcome !== "appended") throw new Error(outcome);
        latencies.push(performance.now() - before);
      }
    }),
  );
  const cpu = process.cpuUsage(cpuBefore);
  return { latencies, cpu: (cpu.user + cpu.system) / 1e6, elapsed: (performance.now() - start) / 1000 };
}

function request(shape: Shape): Parameters<EventLog["append"]>[0] {
  const id = randomUUID();
  const digest = Buffer.from(id.replaceAll("-", "").repeat(2), "hex");
  return {
    stream: { tenant: "acme", type: "action", id },
    expectedVersion: 0,
    events: Array.from({ length: shape.events }, () => ({ type: "ActionRequested", schemaVersion: 1, data: Buffer.alloc(200, 7) })),
    actor: { issuer: "https://issuer.example", id: "agent-7" },
    time: new Date(),
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ...(shape.key
      ? {
          contents: [{ digest, salt: digest, body: Buffer.alloc(300, 7) }],
          idempotency: { caller: "https://issuer.example|agent-7", key: id, reply: Buffer.alloc(400, 7) },
        }
      : {}),
  };
}
