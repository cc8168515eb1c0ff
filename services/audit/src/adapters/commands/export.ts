import { randomUUID } from "node:crypto";
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandBus, type StreamHandler } from "@countersign/bus";
import type { EventLog, RecordedEvent } from "@countersign/event-log";
import { encodeEvent, type DecodedEvent } from "@countersign/events";
import { EvidenceError } from "@countersign/evidence";
import { ExportProducedSchema, ExportRequestedSchema } from "@countersign/proto/event/v1/export_events_pb";
import { ExportRequestSchema, ExportResponseSchema, type ExportRequest } from "@countersign/proto/v1/audit_service_pb";
import type { VerifierKey } from "@countersign/tlog";
import { exportArchive, NotSealedError, type Exported, type ExportParts, type Period } from "../../export/export-archive.ts";
import type { Sealing } from "../../sealing/start-sealing.ts";
import { createReporter } from "../events/reporter.ts";
import { fetchGrantKeys } from "./grant-keys.ts";
import { streamed } from "./streamed.ts";

/** The stream type that only this service appends to: one stream per export. */
export const EXPORT_STREAM = "export";

export type ExportDeps = {
  readonly log: EventLog;
  /** Absent when nothing is sealed: then nothing can be proved. */
  readonly sealing: Sealing | undefined;
  readonly witnessKeys: readonly VerifierKey[];
  readonly commands: Pick<CommandBus, "send">;
  readonly clock: () => Date;
  /** How long to wait for a seal; default 15 s. */
  readonly sealWaitMs?: number;
};

const SEAL_WAIT_MS = 15_000;

/** What goes out in one message at most; NATS carries a megabyte. */
const MESSAGE_BYTES = 128 * 1024;

/** Streams the archive of a period of the caller's tenant. That it was asked for is recorded first, and last what was handed out. */
export function exportEvidence(deps: ExportDeps): StreamHandler {
  return streamed(ExportRequestSchema, async function* (request, signal, caller) {
    const { sealing, log } = deps;
    if (sealing === undefined) {
      throw new CommandError(
        "FAILED_PRECONDITION",
        "WRONG_STATE",
        "this deployment does not seal its log: COUNTERSIGN_LOG_ORIGIN is not set",
      );
    }
    const now = deps.clock();
    const period = periodOf(request, now);
    const grantKeys = await fetchGrantKeys(deps.commands, caller);
    const stream = { tenant: caller.tenant, type: EXPORT_STREAM, id: randomUUID() };
    const actor = { issuer: caller.issuer, id: caller.id };
    const requested = await record(log, { stream, expectedVersion: 0, actor, time: now }, requestedEvent(request, period));
    const parts: ExportParts = {
      log,
      store: sealing.store,
      verifierKeys: sealing.verifierKeys,
      witnessKeys: deps.witnessKeys,
      awaitSealed: sealing.awaitSealed,
      sealWaitMs: deps.sealWaitMs ?? SEAL_WAIT_MS,
      grantKeys,
      reporter: createReporter({ tenant: caller.tenant, ledger: log.ledger, from: period.from, to: period.to }),
    };
    const assurance = request.witnessed ? "witnessed" : "sealed";
    const archive = exportArchive(parts, caller.tenant, period, { requested, assurance });
    let waiting: Uint8Array[] = [];
    let bytes = 0;
    for (;;) {
      signal.throwIfAborted();
      const next = await archive.next().catch(asRefusal);
      if (next.done === true) {
        await record(log, { stream, expectedVersion: 1, actor, time: deps.clock() }, producedEvent(next.value));
        yield message({ chunk: Buffer.concat(waiting), summary: summaryOf(stream.id, next.value) });
        return;
      }
      waiting.push(next.value.bytes);
      bytes += next.value.bytes.length;
      if (bytes < MESSAGE_BYTES) continue;
      const { position, done, total } = next.value.progress;
      const progress = { position: BigInt(position), done: BigInt(done), total: BigInt(total) };
      const all = Buffer.concat(waiting);
      for (let at = 0; at < all.length; at += MESSAGE_BYTES) yield message({ chunk: all.subarray(at, at + MESSAGE_BYTES), progress });
      waiting = [];
      bytes = 0;
    }
  });
}

/** A period ends now at the latest: what has not happened yet cannot be shown. */
function periodOf({ from, to }: ExportRequest, now: Date): Period {
  const end = to === undefined || timestampDate(to) > now ? now : timestampDate(to);
  return { from: from && timestampDate(from), to: end };
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

function requestedEvent({ from }: ExportRequest, { to }: Period): DecodedEvent {
  const data = create(ExportRequestedSchema, { ...optional("from", from), to: timestampFromDate(to) });
  return { type: "ExportRequested", data };
}

function producedEvent({ entries, bytes, digest, checkpoint }: Exported): DecodedEvent {
  const data = create(ExportProducedSchema, {
    events: BigInt(entries),
    bytes: BigInt(bytes),
    archiveDigest: digest,
    origin: checkpoint.origin,
    checkpointSize: BigInt(checkpoint.size),
  });
  return { type: "ExportProduced", data };
}

function summaryOf(exportId: string, { entries, bytes, digest, checkpoint }: Exported) {
  return { exportId, archiveDigest: digest, bytes: BigInt(bytes), events: BigInt(entries), checkpointSize: BigInt(checkpoint.size) };
}

function asRefusal(error: unknown): never {
  if (error instanceof NotSealedError) throw new CommandError("UNAVAILABLE", "NOT_SEALED", error.message, { cause: error });
  if (error instanceof EvidenceError) throw new CommandError("FAILED_PRECONDITION", "WRONG_STATE", error.message, { cause: error });
  throw error;
}

const optional = (name: "from", value: Timestamp | undefined): { from?: Timestamp } => (value === undefined ? {} : { [name]: value });

function message(init: MessageInitShape<typeof ExportResponseSchema>): Uint8Array {
  return toBinary(ExportResponseSchema, create(ExportResponseSchema, init));
}
