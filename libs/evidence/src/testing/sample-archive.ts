import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { EventLog, RecordedEvent } from "@countersign/event-log";
import { encodeEvent } from "@countersign/events";
import { ExportRequestedSchema } from "@countersign/proto/event/v1/export_events_pb";
import { contentRefs, readPayload } from "../content-refs.ts";
import {
  appendLeaves,
  EMPTY_RANGE,
  formatCheckpoint,
  formatNote,
  formatVerifierKey,
  nodeHash,
  type NodeId,
  rootHash,
  signerKeyOfSeed,
  signNote,
} from "@countersign/tlog";
import type { ArchiveHeader } from "../header.ts";
import { writeArchive, type Reporter, type WrittenArchive } from "../write-archive.ts";
import type { Contents, ExportedEntry } from "../segment-buffer.ts";
import { grantKey, START, STEP } from "./sample-log.ts";

export const ORIGIN = "countersign.example/main/1";
export const logKey = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 1));
export const witnessKey = signerKeyOfSeed("witness.example/w1", "cosignature", Buffer.alloc(32, 2));
export const LOG_VKEY = formatVerifierKey(logKey.verifier);
export const noReport: Reporter = {
  add: () => undefined,
  pages: (end) => (end ? [{ name: "report/index.html", bytes: Buffer.from("<!doctype html>\n") }] : []),
};

export type Sample = { readonly bytes: Buffer; readonly written: WrittenArchive };

/** Period of the sample: from action number `from` up to, not including, `to`. */
export type SampleExport = {
  readonly from?: number;
  readonly to: number;
  /** Contents that an event behind the archive has erased. */
  readonly erased?: (digest: Uint8Array) => boolean;
  readonly change?: (entries: ExportedEntry[], header: ArchiveHeader) => ArchiveHeader;
  readonly reporter?: Reporter;
  readonly segmentEntries?: number;
};

/** Writes an archive of `acme` as an exporter would, out of a log in memory and a tree made of all its leaves. */
export async function sampleArchive(log: EventLog, options: SampleExport): Promise<Sample> {
  const from = options.from === undefined ? undefined : START + options.from * STEP;
  const to = START + options.to * STEP;
  await closeAt(log, to);
  const all = await readEverything(log);
  const leaves = all.map(({ leafHash }) => leafHash);
  const text = formatCheckpoint({ origin: ORIGIN, size: leaves.length, root: rootHash(appendLeaves(EMPTY_RANGE, leaves)), extensions: [] });
  const checkpoint = formatNote({ text, signatures: [signNote(text, logKey), signNote(text, witnessKey, 1_790_000_000)] });
  const own = all.filter(({ stream }) => stream.tenant === "acme");
  const first = own.find(({ time }) => from === undefined || time.getTime() >= from)?.tenantSequence ?? own.length + 1;
  const last = own.findLast(({ time }) => time.getTime() < to)?.tenantSequence ?? first - 1;
  const wanted = own.filter(
    ({ tenantSequence: sequence, stream }) =>
      (sequence >= first - 1 && sequence <= last + 1) || (stream.type === "policy" && sequence < first),
  );
  const entries = await Promise.all(wanted.map((event) => exported(log, event, options.erased ?? (() => false), all.length)));
  const header: ArchiveHeader = { tenant: "acme", ledger: "main", from, to, firstSequence: first, lastSequence: last };
  const changed = options.change?.(entries, header) ?? header;
  const archive = writeArchive({
    header: changed,
    checkpoint,
    logKeys: [logKey.verifier],
    witnessKeys: [witnessKey.verifier],
    grantKeys: [grantKey],
    entries: streamOf([entries.slice(0, 3), entries.slice(3)]),
    hashes: hashesOf(leaves),
    reporter: options.reporter ?? noReport,
    segmentEntries: options.segmentEntries,
  });
  return collect(archive);
}

/** As the request for an export does: an event behind the period, so that nothing can be missing before it. */
async function closeAt(log: EventLog, to: number): Promise<void> {
  const newest = (await readEverything(log)).findLast(({ stream }) => stream.tenant === "acme");
  if (newest !== undefined && newest.time.getTime() >= to) return;
  const event = encodeEvent({ type: "ExportRequested", data: create(ExportRequestedSchema, { to: timestampFromMs(to) }) });
  const stream = { tenant: "acme", type: "export", id: `to ${to}` };
  await log.append({ stream, expectedVersion: 0, events: [event], time: new Date(to) });
}

async function collect(archive: AsyncGenerator<Uint8Array, WrittenArchive>): Promise<Sample> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const next = await archive.next();
    if (next.done === true) return { bytes: Buffer.concat(parts), written: next.value };
    parts.push(next.value);
  }
}

async function exported(
  log: EventLog,
  event: RecordedEvent,
  erased: (digest: Uint8Array) => boolean,
  erasedAt: number,
): Promise<ExportedEntry> {
  const payload = readPayload(event);
  const refs = payload === undefined ? [] : contentRefs(payload);
  const stored = await log.readContents(event.stream);
  const contents: Contents = new Map(
    refs.flatMap((digest) => {
      const content = stored.get(Buffer.from(digest).toString("hex"));
      return content === undefined || erased(digest) ? [] : [[Buffer.from(digest).toString("hex"), content] as const];
    }),
  );
  return {
    event,
    payload,
    contents,
    erasedLater: new Map(refs.filter(erased).map((digest) => [Buffer.from(digest).toString("hex"), erasedAt])),
  };
}

/** The tree's perfect subtrees, each level computed once. */
function hashesOf(leaves: readonly Uint8Array[]) {
  const levels: (readonly Uint8Array[])[] = [leaves];
  for (let row = leaves; row.length > 1;) {
    row = row.flatMap((left, index) => (index % 2 === 0 && row[index + 1] !== undefined ? [nodeHash(left, row[index + 1] ?? left)] : []));
    levels.push(row);
  }
  return async (nodes: readonly NodeId[]): Promise<readonly Uint8Array[]> =>
    nodes.map(({ level, index }) => levels[level]?.[index] ?? new Uint8Array());
}

async function readEverything(log: EventLog): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (;;) {
    const page = await log.readAll({ from: events.length, limit: 10_000 });
    if (page.length === 0) return events;
    for (const event of page) events.push(event);
  }
}

export async function* streamOf<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
