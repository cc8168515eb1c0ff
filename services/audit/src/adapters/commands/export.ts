import { randomUUID } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandBus, type StreamHandler } from "@countersign/bus";
import { readEnd, type EventLog, type RecordedEvent } from "@countersign/event-log";
import { isEventFormat, type EventFormatName } from "@countersign/event-formats";
import { encodeEvent, type DecodedEvent } from "@countersign/events";
import { ExportProducedSchema, ExportRequestedSchema } from "@countersign/proto/event/v1/export_events_pb";
import { ExportRequestSchema, ExportResponseSchema, type ExportRequest } from "@countersign/proto/v1/audit_service_pb";
import { ExportFormat } from "@countersign/proto/v1/export_format_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { exportArchive, type Exported, type ExportParts, type ExportProgress, type Period } from "../../export/export-archive.ts";
import { exportLines, type ExportedLines } from "../../export/export-lines.ts";
import type { Sealing } from "../../sealing/start-sealing.ts";
import { formatName } from "../events/export-format.ts";
import { createReporter } from "../events/reporter.ts";
import { fetchGrantKeys } from "./grant-keys.ts";
import { needSealing } from "./sealing.ts";
import { streamed, withResult } from "./streamed.ts";
import { invalidField } from "./unary.ts";

/** The stream type that only this service appends to: one stream per export. */
export const EXPORT_STREAM = "export";

export type ExportDeps = {
  readonly log: EventLog;
  /** Absent when nothing is sealed: then nothing can be proved. */
  readonly sealing: Sealing | undefined;
  readonly commands: Pick<CommandBus, "send">;
  readonly clock: () => Date;
  /** How long to wait for a seal; default 15 s. */
  readonly sealWaitMs?: number;
};

const SEAL_WAIT_MS = 15_000;

/** What goes out in one message at most; NATS carries a megabyte. */
const MESSAGE_BYTES = 128 * 1024;

/** Streams a period of the caller's tenant. That it was asked for is recorded first, and last what was handed out. */
export function exportEvidence(deps: ExportDeps): StreamHandler {
  return streamed(ExportRequestSchema, ExportResponseSchema, async function* (request, signal, caller) {
    const { log } = deps;
    const now = deps.clock();
    const end = readEnd(request.to, now);
    const period = { from: request.from && timestampDate(request.from), to: end ?? now };
    const asked: Asked = { caller, period, end, format: readFormat(request), witnessed: request.witnessed };
    const start = await prepare(deps, asked);
    const stream = { tenant: caller.tenant, type: EXPORT_STREAM, id: randomUUID() };
    const actor = { issuer: caller.issuer, id: caller.id };
    const requested = await record(log, { stream, expectedVersion: 0, actor, time: now }, requestedEvent(request, period));
    let packed: Uint8Array[] = [];
    let bytes = 0;
    for await (const said of withResult(start(requested))) {
      if ("result" in said) {
        await record(log, { stream, expectedVersion: 1, actor, time: deps.clock() }, producedEvent(request, period, said.result));
        yield { chunk: Buffer.concat(packed), summary: summaryOf(stream.id, request, said.result) };
        return;
      }
      packed.push(said.bytes);
      bytes += said.bytes.length;
      if (bytes >= MESSAGE_BYTES) {
        const { position, done, total } = said.progress;
        const progress = { position: BigInt(position), done: BigInt(done), total: BigInt(total) };
        const all = Buffer.concat(packed);
        for (let at = 0; at < all.length; at += MESSAGE_BYTES) yield { chunk: all.subarray(at, at + MESSAGE_BYTES), progress };
        packed = [];
        bytes = 0;
      }
      signal.throwIfAborted();
    }
  });
}

type Asked = {
  readonly caller: Principal;
  readonly period: Period;
  /** Undefined: this request ends it, whatever the time of what was recorded before. */
  readonly end: Date | undefined;
  readonly format: "archive" | EventFormatName;
  readonly witnessed: boolean;
};
type Pieces = AsyncGenerator<{ readonly bytes: Uint8Array; readonly progress: ExportProgress }, HandedOut>;
/** An archive names the checkpoint that it was made from; other formats have none. */
type HandedOut = ExportedLines & Partial<Pick<Exported, "checkpoint">>;

function readFormat({ format, witnessed }: ExportRequest): Asked["format"] {
  const name = formatName(format);
  if (name === "archive") return name;
  if (!isEventFormat(name)) throw invalidField("format", "is not one that this build writes");
  if (witnessed) throw invalidField("witnessed", "goes with an archive: other formats hold no checkpoint");
  return name;
}

/** What makes it once the request is recorded. Refuses before anything is recorded when nothing could be proved. */
async function prepare(deps: ExportDeps, asked: Asked): Promise<(requested: RecordedEvent) => Pieces> {
  const { log, sealWaitMs = SEAL_WAIT_MS } = deps;
  const { caller, period, format } = asked;
  const { tenant } = caller;
  if (format !== "archive")
    return ({ tenantSequence }) => exportLines(log, tenant, { ...period, to: asked.end, before: tenantSequence }, format);
  const { store, verifierKeys, witnessKeys, awaitSealed } = needSealing(deps.sealing);
  const grantKeys = await fetchGrantKeys(deps.commands, caller);
  const reporter = createReporter({ tenant, ledger: log.ledger, from: period.from, to: period.to });
  const parts: ExportParts = { log, store, verifierKeys, witnessKeys, awaitSealed, sealWaitMs, grantKeys, reporter };
  return (requested) => exportArchive(parts, tenant, period, { requested, assurance: asked.witnessed ? "witnessed" : "sealed" });
}

type Append = {
  readonly stream: RecordedEvent["stream"];
  readonly expectedVersion: number;
  readonly actor: { issuer: string; id: string };
  readonly time: Date;
};

async function record(log: EventLog, append: Append, event: DecodedEvent): Promise<RecordedEvent> {
  const outcome = await log.append({ ...append, events: [encodeEvent(event)] });
  const [recorded] = outcome.outcome === "appended" ? outcome.events : [];
  if (recorded === undefined) throw new CommandError("ABORTED", "LOST_RACE", "somebody else wrote to this export");
  return recorded;
}

function requestedEvent({ from, format }: ExportRequest, { to }: Period): DecodedEvent {
  const data = create(ExportRequestedSchema, { ...(from && { from }), to: timestampFromDate(to), format: formatOf(format) });
  return { type: "ExportRequested", data };
}

function producedEvent({ from, format }: ExportRequest, { to }: Period, { entries, bytes, digest, checkpoint }: HandedOut): DecodedEvent {
  const data = create(ExportProducedSchema, {
    events: BigInt(entries),
    bytes: BigInt(bytes),
    digest,
    format: formatOf(format),
    ...(from && { from }),
    to: timestampFromDate(to),
    ...(checkpoint === undefined ? {} : { origin: checkpoint.origin, checkpointSize: BigInt(checkpoint.size) }),
  });
  return { type: "ExportProduced", data };
}

function summaryOf(exportId: string, { format }: ExportRequest, { entries, bytes, digest, checkpoint }: HandedOut) {
  const checkpointSize = BigInt(checkpoint?.size ?? 0);
  return { exportId, digest, bytes: BigInt(bytes), events: BigInt(entries), checkpointSize, format: formatOf(format) };
}

/** What is recorded is never left to a default. */
const formatOf = (format: ExportFormat): ExportFormat => (format === ExportFormat.UNSPECIFIED ? ExportFormat.ARCHIVE : format);
