import { create, fromBinary } from "@bufbuild/protobuf";
import { readAuditConfig, startAudit } from "@countersign/audit";
import { inProcessCommands, readStream } from "@countersign/bus";
import { openDatabase, type Database } from "@countersign/database";
import { createPostgresEventLog, scanLedger } from "@countersign/event-log";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { FsckResponseSchema, RebuildProjectionResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { fillLedger } from "./fill-ledger.ts";
import { isStep, type Step, type StepResult } from "./steps.ts";

const LEDGER = "main";

/** One step in a process of its own, so that the peak of its memory is its own. Prints a `StepResult`. */
const [step = "", url = "", count = "0"] = process.argv.slice(2);
if (!isStep(step)) throw new RangeError(`no step ${step}`);
const start = performance.now();
const cpuAtStart = process.cpuUsage();
const note = await run(step, url, Number(count));
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpuAtStart);
const peakMegabytes = process.resourceUsage().maxRSS / 1024;
const result: StepResult = { step, seconds, perSecond: Number(count) / seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes, note };
process.stdout.write(`${JSON.stringify(result)}\n`);

async function run(name: Step, databaseUrl: string, events: number): Promise<string> {
  if (name === "fill") {
    await fillLedger(databaseUrl, LEDGER, events);
    return "";
  }
  const database = openDatabase({ url: databaseUrl });
  try {
    if (name === "replay") return await replay(database, events);
    return await inService(database, databaseUrl, events, name);
  } finally {
    await database.close();
  }
}

async function replay(database: Database, events: number): Promise<string> {
  let seen = 0;
  for await (const batch of scanLedger(database, LEDGER, { from: 0, to: events })) seen += batch.length;
  return `${seen} events decoded, hashes checked`;
}

/** What an operator calls, in the service itself. Its consumer is told that it has handled everything, so that nothing else is measured. */
async function inService(database: Database, databaseUrl: string, events: number, name: "rebuild" | "fsck"): Promise<string> {
  await database.pool.query(
    `insert into bus.checkpoint (consumer, ledger, next_position) values ('audit.actions', $1, $2)
      on conflict (consumer, ledger) do update set next_position = excluded.next_position`,
    [LEDGER, events],
  );
  const log = createPostgresEventLog({ url: databaseUrl, ledger: LEDGER });
  const commands = inProcessCommands({ logger: silentLogger });
  const feed = { subscribe: () => () => {} };
  const audit = await startAudit({ config: readAuditConfig({}), log, commands, feed, database, logger: silentLogger });
  const command = create(CommandSchema, { caller: { tenant: "tenant-0", issuer: "bench", id: "bench" } });
  const method = name === "fsck" ? "Fsck" : "RebuildProjection";
  let last: Uint8Array = new Uint8Array();
  for await (const message of readStream(commands, { service: "audit", method }, command, { timeoutMs: 60_000 })) last = message;
  await audit.close();
  await log.close();
  return name === "fsck" ? fsckNote(last) : rebuildNote(last);
}

function fsckNote(message: Uint8Array): string {
  const last = fromBinary(FsckResponseSchema, message).message;
  return last.case === "result" ? `${last.value.flaws} flaws` : "no result";
}

function rebuildNote(message: Uint8Array): string {
  const last = fromBinary(RebuildProjectionResponseSchema, message).message;
  if (last.case !== "rebuild") return "no result";
  return `${last.value.rebuilt?.rows ?? 0n} rows, ${last.value.identical ? "identical" : "differed"}`;
}
