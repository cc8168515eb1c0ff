import { hash } from "node:crypto";
import { EvidenceError } from "../error.ts";
import { SEGMENT_PARTS, segmentMember, type SegmentPart } from "../members.ts";
import { endsOfEntries, leafPlace, positionsOfIndex } from "../segment.ts";
import { gapNodes, TreeWalk } from "../tree-walk.ts";
import { SegmentContents } from "./contents.ts";
import { CsvCheck } from "./csv-check.ts";
import { EntryFields, Field } from "./entry-fields.ts";
import { FlawList } from "./flaws.ts";
import { PayloadChecks, type PayloadContext } from "./payload-checks.ts";
import { RowWriter } from "./row-writer.ts";
import { Asks, LEAF, noCounts, STREAM_LINK, TENANT_LINK, type SegmentFacts, type SegmentJob } from "./segment-facts.ts";
import { StreamNames } from "./stream-names.ts";
import { isText } from "./text-of-bytes.ts";

/** What all segments of an archive have in common. */
export type SegmentContext = PayloadContext & {
  readonly ledger: string;
  /** Of the checkpoint. */
  readonly treeSize: number;
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
  readonly #index: Buffer;
  readonly #entries: Buffer;
  readonly #tenant: Buffer;
  readonly #ledger: Buffer;
  readonly #streams = new StreamNames();
  readonly #csv: CsvCheck;
  readonly #fields = new EntryFields();

  constructor(context: SegmentContext, job: SegmentJob) {
    this.#context = context;
    this.#job = job;
    this.#index = job.parts.index ?? NONE;
    this.#entries = job.parts.entries ?? NONE;
    this.#tenant = Buffer.from(context.tenant);
    this.#ledger = Buffer.from(context.ledger);
    this.#payloads = new PayloadChecks(context, this.#counts, this.#flaws);
    this.#csv = new CsvCheck(job.parts.csv ?? NONE);
    this.#contents = new SegmentContents(job.parts.contents ?? NONE, this.#member("contents"), this.#flaws);
    this.#tree = new TreeWalk(job.begin);
  }

  run(): SegmentFacts {
    const { parts } = this.#job;
    const digests = memberDigests(parts);
    const positions = this.#positions();
    this.#growTree(positions, parts.tree ?? NONE);
    const { ends, rest } = endsOfEntries(this.#entries);
    const rows = new RowWriter(positions);
    let sound = rest === 0 && ends.length === positions.length;
    for (let row = 0, begin = 2; row < positions.length; row += 1) {
      const end = ends[row];
      if (!this.#entry(rows, row, begin, end)) sound = false;
      begin = (end ?? 0) + 2;
    }
    if (ends.length > positions.length || rest > 0) {
      const detail = `it holds ${ends.length} entries and ${rest} more bytes, the index ${positions.length} rows`;
      this.#flaws.add({ code: "ENTRY", member: this.#member("entries"), detail });
    }
    // What derives from entries is only held against them while they are what they were.
    if (sound) this.#derived();
    this.#payloads.end();
    return this.#facts(rows, digests);
  }

  #facts(rows: RowWriter, digests: SegmentFacts["digests"]): SegmentFacts {
    this.#counts.contents = this.#contents.checked;
    this.#counts.absentContents = this.#contents.absent.size;
    this.#counts.erasedLater = this.#contents.erasedLater.length;
    const { whole, verdicts } = this.#payloads;
    const names = this.#streams.names;
    const shared = { counts: this.#counts, flaws: { listed: this.#flaws.listed, count: this.#flaws.count }, digests };
    const inputs = this.#payloads.inputs(names);
    return {
      ...shared,
      rows: rows.rows,
      names,
      tree: this.#tree.subtrees,
      whole,
      verdicts,
      inputs,
      absent: [...this.#contents.absent],
      erasedLater: this.#contents.erasedLater,
      revisions: [...this.#payloads.revisions],
    };
  }

  #positions(): Float64Array<ArrayBuffer> {
    const flaw = (detail: string): void => this.#flaws.add({ code: "INDEX", member: this.#member("index"), detail });
    let positions = new Float64Array(0);
    try {
      positions = positionsOfIndex(this.#index);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      flaw(error.message);
    }
    if (positions.length === 0) flaw("a segment has at least one entry");
    return positions;
  }

  #growTree(positions: Float64Array, bytes: Buffer): void {
    const member = this.#member("tree");
    const hashes = hashesOf(bytes, member, this.#flaws);
    const { treeSize } = this.#context;
    for (let row = 0; row < positions.length; row += 1) {
      const position = positions[row] ?? 0;
      if (position >= this.#tree.size && position < treeSize) {
        fillGap(this.#tree, position, hashes);
        this.#tree.push(0, this.#index, leafPlace(row));
      } else this.#misplaced(position);
    }
    nothingLeft(hashes, member, this.#flaws);
  }

  #misplaced(position: number): void {
    const detail = `position ${position} does not come after ${this.#tree.size - 1} in a tree of ${this.#context.treeSize}`;
    this.#flaws.add({ code: "INDEX", position, detail });
  }

  /** Whether the entry is the one that the tree holds here. */
  #entry(writer: RowWriter, row: number, begin: number, end: number | undefined): boolean {
    const entry = this.#fields;
    const bytes = this.#entries;
    const position = writer.positions[row] ?? 0;
    const leaf = leafPlace(row);
    writer.hashAt(row, LEAF, this.#index, leaf);
    const readable = end !== undefined && entry.read(bytes, begin, end);
    if (!readable || !isLeaf(bytes, begin, end, this.#index, leaf)) {
      const member = this.#member("entries");
      const detail = "the entry is not the one whose hash stands in the index at this position";
      if (!readable) this.#flaws.add({ code: "ENTRY", position, member, detail: "there is no entry that can be read" });
      else this.#flaws.add({ code: "LEAF_HASH", position, member, detail });
      writer.asks[row] = Asks.lost;
      this.#contents.lose();
      return false;
    }
    this.#place(entry, position);
    writer.sequences[row] = entry.number(Field.tenantSequence);
    writer.versions[row] = entry.number(Field.streamVersion);
    writer.times[row] = entry.time;
    writer.streams[row] = this.#streams.numberOf(entry);
    writer.hash(row, STREAM_LINK, entry, Field.previousStreamLeaf);
    writer.hash(row, TENANT_LINK, entry, Field.previousTenantLeaf);
    this.#payloads.check(entry, writer, row, this.#contents);
    this.#csv.row(entry);
    return true;
  }

  #place(entry: EntryFields, position: number): void {
    const foreign = (detail: string): void => this.#flaws.add({ code: "FOREIGN", position, detail });
    const said = entry.number(Field.position);
    if (said !== position) foreign(`the entry at position ${position} says that it is at ${said}`);
    if (!entry.holds(Field.tenant, this.#tenant)) foreign("the entry is of another tenant");
    if (!entry.holds(Field.ledger, this.#ledger)) foreign("the entry is of another ledger");
  }

  #derived(): void {
    this.#contents.end();
    if (this.#csv.same) return;
    this.#flaws.add({ code: "CSV", member: this.#member("csv"), detail: "it is not the table of the segment's entries" });
  }

  #member(part: SegmentPart): string {
    return segmentMember(this.#job.segment, part);
  }
}

/** Whether the entry has the leaf hash that stands at `leaf` of the index. */
function isLeaf(bytes: Buffer, begin: number, end: number, index: Buffer, leaf: number): boolean {
  const length = bytes.copy(leafInput, 1, begin, end);
  const text = hash("sha256", leafInput.subarray(0, 1 + length), "binary");
  return isText(text, index, leaf);
}

/** A zero, RFC 6962's prefix of leaves, and room for the longest entry. */
const leafInput = Buffer.alloc(1 + 65_535);

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
