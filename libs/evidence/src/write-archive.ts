import type { RecordedEvent } from "@countersign/event-log";
import type { DecodedEvent } from "@countersign/events";
import { formatVerifierKey, openCheckpoint, type NodeId, type VerifierKey } from "@countersign/tlog";
import { eventDescriptors } from "./descriptors.ts";
import { EvidenceError } from "./error.ts";
import { formatGrantKeys, type GrantKey } from "./grant-keys.ts";
import { formatHeader, type ArchiveHeader } from "./header.ts";
import { formatManifest } from "./manifest.ts";
import { CHECKPOINT, DESCRIPTORS, GRANT_KEYS, HEADER, LAST_TREE, LOG_KEYS, MANIFEST, policyDocument, segmentMember } from "./members.ts";
import { FULL_ENTRIES, SegmentBuffer, type Contents, type ExportedEntry } from "./segment-buffer.ts";
import { TarWriter } from "./tar-writer.ts";
import { gapNodes, TreeWalk } from "./tree-walk.ts";

/** What reads along and makes pages for people. */
export type Reporter = {
  add(event: RecordedEvent, payload: DecodedEvent | undefined, contents: Contents): void;
  /** Pages that are full, or at the end all that are left; each once. */
  pages(end: boolean): readonly { readonly name: string; readonly bytes: Uint8Array }[];
};

/** All that an archive is made of. */
export type EvidenceInput = {
  readonly header: ArchiveHeader;
  /** Signed note. */
  readonly checkpoint: Uint8Array;
  /** The log's keys, those that it was signed with among them. */
  readonly logKeys: readonly VerifierKey[];
  /** Keys of witnesses that have cosigned it. */
  readonly witnessKeys: readonly VerifierKey[];
  /** Public keys of votes and grants. */
  readonly grantKeys: readonly GrantKey[];
  /** By position, some at a time: what stands before the period, the period without a gap, and the one event behind it. */
  readonly entries: AsyncIterable<readonly ExportedEntry[]>;
  /** Hashes of perfect subtrees of the checkpoint's tree. */
  readonly hashes: (nodes: readonly NodeId[]) => Promise<readonly Uint8Array[]>;
  readonly reporter: Reporter;
  /** Entries of a segment, if not as many as it may have. */
  readonly segmentEntries?: number | undefined;
};

/** What was written, as it is recorded of an export. */
export type WrittenArchive = {
  readonly entries: number;
  readonly bytes: number;
  /** SHA-256 of the archive. */
  readonly digest: Uint8Array;
};

/**
 * The bytes of an archive, in pieces; holds one segment at a time. Equal input gives equal bytes.
 * @throws EvidenceError `source_inconsistent` when entries and tree do not lead to the checkpoint's root: then what was written is no archive.
 */
export async function* writeArchive(input: EvidenceInput): AsyncGenerator<Uint8Array, WrittenArchive> {
  const tar = new TarWriter();
  const { checkpoint } = openCheckpoint(input.checkpoint, input.logKeys, input.witnessKeys);
  yield* tar.member(HEADER, formatHeader(input.header));
  yield* tar.member(CHECKPOINT, input.checkpoint);
  yield* tar.member(LOG_KEYS, Buffer.from([...input.logKeys, ...input.witnessKeys].map((key) => `${formatVerifierKey(key)}\n`).join("")));
  yield* tar.member(GRANT_KEYS, formatGrantKeys(input.grantKeys));
  yield* tar.member(DESCRIPTORS, eventDescriptors());

  const walk = new TreeWalk();
  const segments = segmentsOf(input, tar, walk);
  let entries = 0;
  for await (const { members, count } of segments) {
    for (const { name, bytes } of members) yield* tar.member(name, bytes);
    for (const { name, bytes } of input.reporter.pages(false)) yield* tar.member(name, bytes);
    entries += count;
  }

  yield* tar.member(LAST_TREE, Buffer.concat(await fillGap(walk, checkpoint.size, input.hashes)));
  if (Buffer.compare(walk.root(), checkpoint.root) !== 0) {
    throw new EvidenceError("source_inconsistent", "the entries and the tree do not have the checkpoint's root: run fsck");
  }
  for (const { name, bytes } of input.reporter.pages(true)) yield* tar.member(name, bytes);
  yield* tar.member(MANIFEST, formatManifest(tar.manifest));
  yield* tar.end();
  return { entries, bytes: tar.bytes, digest: tar.digest() };
}

type Segment = { readonly count: number; readonly members: readonly { readonly name: string; readonly bytes: Uint8Array }[] };

async function* segmentsOf(input: EvidenceInput, tar: TarWriter, walk: TreeWalk): AsyncGenerator<Segment> {
  let number = 0;
  let buffer = new SegmentBuffer(input.segmentEntries ?? FULL_ENTRIES);
  let policies: { name: string; bytes: Uint8Array }[] = [];
  const close = async (): Promise<Segment> => {
    const segment = await formatSegment(number, buffer, walk, input.hashes);
    const known = new Set(tar.manifest.map(({ name }) => name).filter((name) => name.startsWith("policies/")));
    const members = [...segment.members, ...policies.filter(({ name }) => !known.has(name))];
    number += 1;
    buffer = new SegmentBuffer(input.segmentEntries ?? FULL_ENTRIES);
    policies = [];
    return { count: segment.count, members };
  };
  for await (const some of input.entries) {
    for (const entry of some) {
      const { event, payload, contents } = entry;
      if (Number.isNaN(event.time.getTime())) throw new EvidenceError("source_inconsistent", "an entry has no time: run fsck");
      buffer.add(entry);
      input.reporter.add(event, payload, contents);
      const document = payload?.type === "PolicyPublished" ? contents.get(hex(payload.data.document?.digest)) : undefined;
      if (payload?.type === "PolicyPublished" && document !== undefined) {
        policies.push({ name: policyDocument(payload.data.revision), bytes: document.body });
      }
      if (buffer.full) yield await close();
    }
  }
  if (buffer.events.length > 0) yield await close();
}

async function formatSegment(number: number, buffer: SegmentBuffer, walk: TreeWalk, hashes: EvidenceInput["hashes"]): Promise<Segment> {
  const gaps: NodeId[] = [];
  let next = walk.size;
  for (const { position } of buffer.events) {
    if (position < next) throw new EvidenceError("source_inconsistent", `position ${position} comes after ${next - 1}`);
    gaps.push(...gapNodes(next, position));
    next = position + 1;
  }
  const tree = await hashes(gaps);
  let used = 0;
  for (const { position, leafHash: leaf } of buffer.events) {
    for (const { level } of gapNodes(walk.size, position)) walk.push(level, tree[used++] ?? new Uint8Array());
    walk.push(0, leaf);
  }
  const { index, entries, contents, csv } = buffer.format();
  const part = (name: Parameters<typeof segmentMember>[1], bytes: Uint8Array) => ({ name: segmentMember(number, name), bytes });
  return {
    count: buffer.events.length,
    members: [
      part("index", index),
      part("tree", Buffer.concat(tree)),
      part("entries", entries),
      part("contents", contents),
      part("csv", csv),
    ],
  };
}

async function fillGap(walk: TreeWalk, size: number, hashes: EvidenceInput["hashes"]): Promise<readonly Uint8Array[]> {
  const nodes = gapNodes(walk.size, size);
  const tree = await hashes(nodes);
  for (const [number, { level }] of nodes.entries()) walk.push(level, tree[number] ?? new Uint8Array());
  return tree;
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("hex");
