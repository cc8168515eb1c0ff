import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { readAuditConfig, startAudit, type RunningAudit } from "@countersign/audit";
import { inProcessCommands, readStream, type CommandBus } from "@countersign/bus";
import { openDatabase, type Database } from "@countersign/database";
import { scanLedger } from "@countersign/event-log";
import { createTestEventLog, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { verifyFile } from "@countersign/evidence";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetGrantKeysResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { ExportResponseSchema, FsckResponseSchema, RebuildProjectionResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { BIG_TENANT, SMALL_TENANT, fillLedger } from "./fill-ledger.ts";
import { VOTE_KEYS } from "./lifecycle-events.ts";
import { publishPolicy } from "./publish-policy.ts";
import { isStep, type Step, type StepResult } from "./steps.ts";

const LEDGER = "main";

/** One step in a process of its own, so that the peak of its memory is its own. Prints a `StepResult`. */
const [step = "", url = "", count = "0", folder = ".", votes = "8"] = process.argv.slice(2);
if (!isStep(step)) throw new RangeError(`no step ${step}`);
const ARCHIVE = join(folder, "archive.tar");
const LOG_KEY = join(folder, "log.vkey");
const VOTE_KEYS_FILE = join(folder, "votes.jwks.json");
const start = performance.now();
const cpuAtStart = process.cpuUsage();
const { note, events: handled = Number(count) } = await run(step, url, Number(count));
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpuAtStart);
const peakMegabytes = process.resourceUsage().maxRSS / 1024;
const cpuSeconds = (user + system) / 1e6;
const result: StepResult = { step, events: handled, seconds, perSecond: handled / seconds, cpuSeconds, peakMegabytes, note };
process.stdout.write(`${JSON.stringify(result)}\n`);

/** `events`: how many it was about, where not all. */
type Outcome = { readonly note: string; readonly events?: number };

async function run(name: Step, databaseUrl: string, events: number): Promise<Outcome> {
  if (name === "fill") {
    let published = 0;
    for (const tenant of [BIG_TENANT, SMALL_TENANT]) published += await publishPolicy(databaseUrl, LEDGER, tenant);
    const filled = await fillLedger(databaseUrl, LEDGER, events, { votes: Number(votes), appendKeys: TEST_APPEND_KEYS });
    writeFileSync(VOTE_KEYS_FILE, VOTE_KEYS);
    return { note: "", events: published + filled };
  }
  if (name === "verify") return verify();
  const database = openDatabase({ url: databaseUrl });
  try {
    if (name === "replay") return { note: await replay(database, events) };
    return await inService(database, databaseUrl, events, name);
  } finally {
    await database.close();
  }
}

async function verify(): Promise<Outcome> {
  let text = "";
  const good = await verifyFile({ file: ARCHIVE, keys: [readFileSync(LOG_KEY, "utf8")] }, (part) => (text += part));
  if (!good) throw new Error(`the archive does not verify:\n${text}`);
  const events = Number(/([0-9]+) entries: /.exec(text)?.[1] ?? 0);
  return { note: `no flaw; ${/[0-9]+ signatures of votes/.exec(text)?.[0] ?? ""}`, events };
}

async function replay(database: Database, events: number): Promise<string> {
  let seen = 0;
  for await (const batch of scanLedger(database, LEDGER, { from: 0, to: events }, TEST_APPEND_KEYS)) seen += batch.length;
  return `${seen} events decoded, hashes and append codes checked`;
}

/** What an operator calls, in the service itself. Its consumer is told that it has handled everything, so that nothing else is measured. */
async function inService(
  database: Database,
  databaseUrl: string,
  events: number,
  name: "seal" | "rebuild" | "fsck" | "export",
): Promise<Outcome> {
  await database.pool.query(
    `insert into bus.checkpoint (consumer, ledger, next_position) values ('audit.actions', $1, $2), ('audit.alarms', $1, $2)
      on conflict (consumer, ledger) do update set next_position = excluded.next_position`,
    [LEDGER, events],
  );
  const log = createTestEventLog({ url: databaseUrl, ledger: LEDGER });
  const commands = inProcessCommands({ logger: silentLogger });
  const jwks = existsSync(VOTE_KEYS_FILE) ? readFileSync(VOTE_KEYS_FILE, "utf8") : "";
  const grantKeys = toBinary(GetGrantKeysResponseSchema, create(GetGrantKeysResponseSchema, { jwks }));
  await commands.serve("approval", { GetGrantKeys: async () => grantKeys });
  const feed = { subscribe: () => () => {} };
  const config = readAuditConfig(name === "rebuild" ? {} : sealingSettings());
  const audit = await startAudit({ config, log, appendKeys: TEST_APPEND_KEYS, commands, feed, database, logger: silentLogger });
  try {
    if (name === "seal") return await seal(audit, events);
    if (name === "export") return await exportTenant(commands);
    return await lastOf(commands, name);
  } finally {
    await audit.close();
    await log.close();
  }
}

function sealingSettings(): NodeJS.ProcessEnv {
  mkdirSync(join(folder, "anchor"), { recursive: true });
  const file = join(folder, "log.pem");
  if (!existsSync(file)) {
    writeFileSync(file, generateKeyPairSync("ed25519").privateKey.export({ format: "pem", type: "pkcs8" }), { mode: 0o600 });
  }
  return {
    COUNTERSIGN_LOG_ORIGIN: "bench.example/main",
    COUNTERSIGN_LOG_KEY_FILES: file,
    COUNTERSIGN_ANCHOR_DIR: join(folder, "anchor"),
  };
}

async function seal({ sealing }: RunningAudit, events: number): Promise<Outcome> {
  if (sealing === undefined) throw new Error("nothing is sealed");
  while (sealing.status().sealed < events) await sleep(20);
  writeFileSync(LOG_KEY, sealing.verifierKeys(1)[0] ?? "");
  return { note: "sealed" };
}

async function exportTenant(commands: CommandBus): Promise<Outcome> {
  const command = create(CommandSchema, { caller: { tenant: BIG_TENANT, issuer: "bench", id: "bench" } });
  const file = createWriteStream(ARCHIVE);
  let events = 0;
  for await (const bytes of readStream(commands, { service: "audit", method: "Export" }, command, { timeoutMs: 60_000 })) {
    const { chunk, summary } = fromBinary(ExportResponseSchema, bytes);
    if (!file.write(chunk)) await once(file, "drain");
    events = Number(summary?.events ?? 0);
  }
  file.end();
  await once(file, "finish");
  return { note: `${events} events of one tenant, ${Math.round(file.bytesWritten / 1e6)} MB`, events };
}

async function lastOf(commands: CommandBus, name: "rebuild" | "fsck"): Promise<Outcome> {
  const command = create(CommandSchema, { caller: { tenant: BIG_TENANT, issuer: "bench", id: "bench" } });
  const method = name === "fsck" ? "Fsck" : "RebuildProjection";
  const messages = readStream(commands, { service: "audit", method }, command, { timeoutMs: 60_000 });
  if (name === "fsck") return { note: await fsckNote(messages) };
  let last: Uint8Array = new Uint8Array();
  for await (const message of messages) last = message;
  return { note: rebuildNote(last) };
}

/** What was filled and sealed here is whole: a flaw is one of ours, and ends the bench. */
async function fsckNote(messages: AsyncIterable<Uint8Array>): Promise<string> {
  let unchecked: readonly string[] | undefined;
  for await (const bytes of messages) {
    const { message } = fromBinary(FsckResponseSchema, bytes);
    if (message.case === "flaw") throw new Error(`fsck: ${message.value.kind} at ${message.value.position}: ${message.value.detail}`);
    if (message.case === "result") ({ unchecked } = message.value);
  }
  if (unchecked === undefined) throw new Error("fsck came to no end");
  return `no flaws${unchecked.map((what) => `; not checked: ${what.split(":")[0]}`).join("")}`;
}

/** Nobody kept the live projection here: a first rebuild has nothing to be compared with but an empty table, a second one has the first, and so has fsck. */
function rebuildNote(message: Uint8Array): string {
  const last = fromBinary(RebuildProjectionResponseSchema, message).message;
  if (last.case !== "rebuild") throw new Error("the rebuild came to no end");
  const { live, rebuilt, identical } = last.value;
  const rows = `${rebuilt?.rows ?? 0n} rows`;
  if ((live?.rows ?? 0n) === 0n) return `${rows}; no live ones to compare with`;
  if (!identical) throw new Error(`the rebuild made ${rows} that differ from the live ${live?.rows ?? 0n}`);
  return `${rows}, identical with the live ones`;
}
