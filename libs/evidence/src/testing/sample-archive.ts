import type { EventLog, RecordedEvent } from "@countersign/event-log";
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
import { writeArchive, type ExportedEntry, type Reporter, type WrittenArchive } from "../write-archive.ts";
import type { Contents } from "../segment-buffer.ts";
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
  readonly erased?: (digest: Uint8Array) => boolean;
  readonly change?: (entries: ExportedEntry[], header: ArchiveHeader) => ArchiveHeader;
  readonly reporter?: Reporter;
};

/** Writes an archive of `acme` as an exporter would, out of a log in memory and a tree made of all its leaves. */
export async function sampleArchive(log: EventLog, options: SampleExport): Promise<Sample> {
  const all = await log.readAll({ from: 0, limit: 10_000 });
  const leaves = all.map(({ leafHash }) => leafHash);
  const text = formatCheckpoint({ origin: ORIGIN, size: leaves.length, root: rootHash(appendLeaves(EMPTY_RANGE, leaves)), extensions: [] });
  const checkpoint = formatNote({ text, signatures: [signNote(text, logKey), signNote(text, witnessKey, 1_790_000_000)] });
  const from = options.from === undefined ? undefined : START + options.from * STEP;
  const to = START + options.to * STEP;
  const own = all.filter(({ stream }) => stream.tenant === "acme");
  const first = own.find(({ time }) => from === undefined || time.getTime() >= from)?.tenantSequence ?? own.length + 1;
  const last = own.findLast(({ time }) => time.getTime() < to)?.tenantSequence ?? first - 1;
  const wanted = own.filter(
    ({ tenantSequence: sequence, stream }) =>
      (sequence >= first - 1 && sequence <= last + 1) || (stream.type === "policy" && sequence < first),
  );
  const entries = await Promise.all(wanted.map((event) => exported(log, event, options.erased ?? (() => false))));
  const header: ArchiveHeader = { tenant: "acme", ledger: "main", from, to, firstSequence: first, lastSequence: last };
  const changed = options.change?.(entries, header) ?? header;
  const archive = writeArchive({
    header: changed,
    checkpoint,
    logKeys: [logKey.verifier],
    witnessKeys: [witnessKey.verifier],
    grantKeys: [grantKey],
    entries: stream(entries),
    hashes: async (nodes) => nodes.map((node) => hashOf(leaves, node)),
    reporter: options.reporter ?? noReport,
  });
  return collect(archive);
}

async function collect(archive: AsyncGenerator<Uint8Array, WrittenArchive>): Promise<Sample> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const next = await archive.next();
    if (next.done === true) return { bytes: Buffer.concat(parts), written: next.value };
    parts.push(next.value);
  }
}

async function exported(log: EventLog, event: RecordedEvent, erased: (digest: Uint8Array) => boolean): Promise<ExportedEntry> {
  const payload = readPayload(event);
  const refs = payload === undefined ? [] : contentRefs(payload);
  const stored = await log.readContents(event.stream);
  const contents: Contents = new Map(
    refs.flatMap((digest) => {
      const content = stored.get(Buffer.from(digest).toString("hex"));
      return content === undefined || erased(digest) ? [] : [[Buffer.from(digest).toString("hex"), content] as const];
    }),
  );
  return { bytes: event.entry, contents };
}

function hashOf(leaves: readonly Uint8Array[], { level, index }: NodeId): Uint8Array {
  if (level === 0) return leaves[index] ?? new Uint8Array();
  return nodeHash(hashOf(leaves, { level: level - 1, index: 2 * index }), hashOf(leaves, { level: level - 1, index: 2 * index + 1 }));
}

export async function* stream<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}
