// What an answer costs: `node services/directory/bench/resolve.ts [people] [groups]`. Starts a PostgreSQL of its own, with durable commits.
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "@countersign/database";
import { eventLogMigrations, type EventLog } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { startPostgres } from "@countersign/testing";
import { createDirectoryStore } from "../src/adapters/log/directory-store.ts";
import type { DirectoryEvent } from "../src/domain/events.ts";
import { NO_PROFILE } from "../src/domain/profile.ts";
import { ISSUER, runDirectory } from "../src/testing/running-directory.ts";

const people = Number(process.argv[2] ?? 20_000);
const groups = Number(process.argv[3] ?? 500);
const MEMBERS = 200;
const ASKED = 5000;
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const folder = await mkdtemp(join(tmpdir(), "countersign-bench-"));
await chmod(folder, 0o755);
const server = await startPostgres({ dataDir: join(folder, "postgres"), settings: { shared_buffers: "128MB" } });
try {
  await migrate(server.url, [eventLogMigrations]);
  const log = createTestEventLog({ url: server.url, ledger: "bench" });
  await fill(log);
  const cold = performance.now();
  const directory = await runDirectory(log);
  say(
    `${people} people, ${groups} groups of ${MEMBERS}: folded from the log in ${(performance.now() - cold).toFixed(0)} ms, ${Math.round(process.memoryUsage().heapUsed / 1e6)} MB of heap`,
  );
  const resolve = (index: number) =>
    directory.people.resolvePerson(
      "acme",
      { principal: { issuer: ISSUER, id: `person${(index * 7919) % people}@acme.example` } },
      new Date(),
    );
  await measure("ResolvePerson, one at a time", 1, resolve);
  await measure("ResolvePerson, 16 at once", 16, resolve);
  await measure("ListReviewers of one group, one at a time", 1, (index) =>
    directory.people.listReviewers("acme", { groups: [`group${index % groups}`] }, new Date()),
  );
  await directory.close();
  await log.close();
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function fill(log: EventLog): Promise<void> {
  const store = createDirectoryStore(log);
  const events: DirectoryEvent[] = [];
  for (let index = 0; index < people; index++) {
    const userName = `person${index}@acme.example`;
    const profile = {
      ...NO_PROFILE,
      userName,
      displayName: `Person ${index}`,
      externalId: `e${index}`,
      emails: [{ value: userName, type: "work", primary: true }],
    };
    events.push({ type: "PersonProvisioned", personId: `p${index}`, profile, active: true, cause: "scim" });
  }
  for (let index = 0; index < groups; index++) {
    const added = Array.from({ length: MEMBERS }, (_, member) => `p${(index * 37 + member * 101) % people}`);
    events.push({ type: "GroupChanged", groupId: `g${index}`, name: `group${index}`, externalId: "", cause: "scim" });
    events.push({ type: "MembersChanged", groupId: `g${index}`, added: [...new Set(added)], removed: [], cause: "scim" });
  }
  const by = { actor: { issuer: "bench", id: "bench" }, atMs: Date.now(), traceparent: "" };
  for (let from = 0; from < events.length; from += 100) await store.append("acme", from, events.slice(from, from + 100), by);
}

async function measure(name: string, inFlight: number, call: (index: number) => Promise<unknown>): Promise<void> {
  const latencies: number[] = [];
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < ASKED) {
        const began = performance.now();
        await call(next++);
        latencies.push(performance.now() - began);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  latencies.sort((one, other) => one - other);
  const quantile = (q: number): string => (latencies[Math.floor(latencies.length * q)] ?? 0).toFixed(2);
  say(`${name}: ${(ASKED / seconds).toFixed(0)}/s, p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`);
}
