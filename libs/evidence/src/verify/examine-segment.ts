import { hash, type KeyObject } from "node:crypto";
import { CSV_HEAD, csvRow } from "../csv.ts";
import { viewEntry, type EntryView } from "../entry-view.ts";
import { EvidenceError } from "../error.ts";
import { SEGMENT_PARTS, segmentMember, type SegmentPart } from "../members.ts";
import { parseEntries, parseIndex, type IndexRow } from "../segment.ts";
import { gapNodes, TreeWalk } from "../tree-walk.ts";
import { SegmentContents } from "./contents.ts";
import { FlawList } from "./flaws.ts";
import { PayloadChecks } from "./payload-checks.ts";
import {
  Asks,
  DIGEST,
  emptyRows,
  LEAF,
  noCounts,
  ROW_WORDS,
  STREAM_LINK,
  TENANT_LINK,
  type SegmentFacts,
  type SegmentJob,
  type SegmentRows,
} from "./segment-facts.ts";

/** What all segments of an archive have in common. */
export type SegmentContext = {
  readonly tenant: string;
  readonly ledger: string;
  /** Of the checkpoint. */
  readonly treeSize: number;
  /** Keys of votes by thumbprint. */
  readonly keys: ReadonlyMap<string, KeyObject>;
};

const NONE = Buffer.alloc(0);
const HASH = 32;
const MISSING = Buffer.alloc(HASH);

/**
 * The hot path of a verification: everything about a segment that can be said without another one. Depends on nothing else, so that segments can be examined at the same
 * time; `SegmentCheck` then holds their facts against each other, in order.
 */
export function examineSegment(context: SegmentContext, job: SegmentJob): SegmentFacts {
  return new Examination(context, job).run();
}

class Examination {
  readonly #context: SegmentContext;
  readonly #job: SegmentJob;
  readonly #flaws = new FlawList();
  readonly #counts = noCounts();
  readonly #payloads: PayloadChecks;
  readonly #contents: SegmentContents;
  readonly #tree: TreeWalk;
  readonly #streams = new Map<string, number>();
  #csv = CSV_HEAD;

  constructor(context: SegmentContext, job: SegmentJob) {
    this.#context = context;
    this.#job = job;
    this.#payloads = new PayloadChecks(context.keys, this.#counts, this.#flaws);
    this.#contents = new SegmentContents(job.parts.contents ?? NONE, this.#member("contents"), this.#flaws);
    this.#tree = new TreeWalk(job.begin);
  }

  run(): SegmentFacts {
    const { parts } = this.#job;
    const index = this.#index();
    this.#growTree(index, parts.tree ?? NONE);
    const { entries, rest } = parseEntries(parts.entries ?? NONE);
    const rows = emptyRows(index.length);
    let sound = rest === 0 && entries.length === index.length;
    for (const [row, indexed] of index.entries()) {
      if (!this.#entry(rows, row, indexed, entries[row])) sound = false;
    }
    if (entries.length > index.length || rest > 0) {
      const detail = `it holds ${entries.length} entries and ${rest} more bytes, the index ${index.length} rows`;
      this.#flaws.add({ code: "ENTRY", member: this.#member("entries"), detail });
    }
    // What derives from entries is only held against them while they are what they were.
    if (sound) this.#derived(parts.csv ?? NONE);
    this.#counts.contents = this.#contents.checked;
    this.#counts.absentContents = this.#contents.absent.size;
    const { documents, verdicts, inputs, erased, requestTimes } = this.#payloads;
    const absent = [...this.#contents.absent];
    // A copy: facts hold no memory of the segment.
    const tree = this.#tree.subtrees.map(({ level, hash: bytes }) => ({ level, hash: Uint8Array.from(bytes) }));
    const shared = { counts: this.#counts, flaws: { listed: this.#flaws.listed, count: this.#flaws.count }, digests: memberDigests(parts) };
    return { ...shared, rows, names: [...this.#streams.keys()], tree, documents, verdicts, inputs, absent, erased, requestTimes };
  }

  #index(): readonly IndexRow[] {
    const flaw = (detail: string): void => this.#flaws.add({ code: "INDEX", member: this.#member("index"), detail });
    let rows: readonly IndexRow[] = [];
    try {
      rows = parseIndex(this.#job.parts.index ?? NONE);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      flaw(error.message);
    }
    if (rows.length === 0) flaw("a segment has at least one entry");
    return rows;
  }

  #growTree(rows: readonly IndexRow[], bytes: Buffer): void {
    const member = this.#member("tree");
    const hashes = hashesOf(bytes, member, this.#flaws);
    const { treeSize } = this.#context;
    for (const { position, leaf } of rows) {
      if (position < this.#tree.size || position >= treeSize) {
        const detail = `position ${position} does not come after ${this.#tree.size - 1} in a tree of ${treeSize}`;
        this.#flaws.add({ code: "INDEX", position, detail });
        continue;
      }
      fillGap(this.#tree, position, hashes);
      this.#tree.push(0, leaf);
    }
    nothingLeft(hashes, member, this.#flaws);
  }

  /** Whether the entry is the one that the tree holds here. */
  #entry(rows: SegmentRows, row: number, { position, leaf }: IndexRow, bytes: Buffer | undefined): boolean {
    const view = bytes === undefined ? undefined : viewEntry(bytes);
    rows.positions[row] = position;
    write(rows, row, LEAF, leaf);
    if (view === undefined || !view.leaf.equals(leaf)) {
      const member = this.#member("entries");
      const detail = "the entry is not the one whose hash stands in the index at this position";
      if (view === undefined) this.#flaws.add({ code: "ENTRY", position, member, detail: "there is no entry that can be read" });
      else this.#flaws.add({ code: "LEAF_HASH", position, member, detail });
      rows.asks[row] = Asks.lost;
      this.#contents.lose();
      return false;
    }
    this.#place(view, position);
    const { stream, streamVersion, tenantSequence, time, previousStreamLeaf, previousTenantLeaf } = view.entry;
    const name = `${stream.type}\0${stream.id}`;
    const asked = this.#payloads.check(view, name, row, this.#contents);
    rows.sequences[row] = tenantSequence;
    rows.versions[row] = streamVersion;
    rows.times[row] = time.getTime();
    rows.streams[row] = this.#streamOf(name);
    rows.asks[row] = asked.asks;
    if (asked.end !== undefined) rows.ends[row] = asked.end;
    if (previousStreamLeaf.length > 0) write(rows, row, STREAM_LINK, previousStreamLeaf);
    if (previousTenantLeaf.length > 0) write(rows, row, TENANT_LINK, previousTenantLeaf);
    if (asked.digest !== undefined) write(rows, row, DIGEST, asked.digest);
    this.#csv += csvRow(view.entry);
    return true;
  }

  #place({ entry }: EntryView, position: number): void {
    const foreign = (detail: string): void => this.#flaws.add({ code: "FOREIGN", position, detail });
    if (entry.position !== position) foreign(`the entry at position ${position} says that it is at ${entry.position}`);
    if (entry.stream.tenant !== this.#context.tenant) foreign("the entry is of another tenant");
    if (entry.ledger !== this.#context.ledger) foreign("the entry is of another ledger");
  }

  #streamOf(name: string): number {
    const known = this.#streams.get(name);
    if (known !== undefined) return known;
    this.#streams.set(name, this.#streams.size);
    return this.#streams.size - 1;
  }

  #derived(csv: Buffer): void {
    this.#contents.end();
    if (Buffer.from(this.#csv).equals(csv)) return;
    this.#flaws.add({ code: "CSV", member: this.#member("csv"), detail: "it is not the table of the segment's entries" });
  }

  #member(part: SegmentPart): string {
    return segmentMember(this.#job.segment, part);
  }
}

/** Bytes of another length than a hash's are written as one that no hash is: then they equal nothing, and nothing is taken for absent that is not. */
function write({ hashes }: SegmentRows, row: number, column: number, bytes: Uint8Array): void {
  const at = row * ROW_WORDS + column;
  const target = new Uint8Array(hashes.buffer, at * 4, HASH);
  if (bytes.length === HASH && !MISSING.equals(bytes)) target.set(bytes);
  else target.fill(0xff);
}

export function memberDigests(parts: SegmentJob["parts"]): SegmentFacts["digests"] {
  const digests: Partial<Record<SegmentPart, string>> = {};
  for (const part of SEGMENT_PARTS) {
    const bytes = parts[part];
    if (bytes !== undefined) digests[part] = hash("sha256", bytes, "hex");
  }
  return digests;
}

/** Covers the leaves up to `end` with hashes that stand for the entries of others. */
export function fillGap(tree: TreeWalk, end: number, hashes: Iterator<Buffer>): void {
  if (tree.size >= end) return;
  for (const { level } of gapNodes(tree.size, end)) {
    const next = hashes.next();
    // A hash that is missing leads to another root, which is told at the end.
    tree.push(level, next.done === true ? MISSING : next.value);
  }
}

export function nothingLeft(hashes: Iterator<Buffer>, member: string, flaws: FlawList): void {
  if (hashes.next().done === true) return;
  flaws.add({ code: "ROOT", member, detail: "it holds more hashes than the gaps between the entries need" });
}

export function* hashesOf(bytes: Buffer, member: string, flaws: FlawList): Generator<Buffer, undefined> {
  for (let at = 0; at + HASH <= bytes.length; at += HASH) yield bytes.subarray(at, at + HASH);
  if (bytes.length % HASH !== 0) flaws.add({ code: "ROOT", member, detail: "it does not hold whole hashes" });
}
