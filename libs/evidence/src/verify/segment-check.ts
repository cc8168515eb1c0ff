import { formatCsv } from "../csv.ts";
import { viewEntry, type EntryView } from "../entry-view.ts";
import { EvidenceError } from "../error.ts";
import type { ArchiveHeader } from "../header.ts";
import { segmentMember, type SegmentPart } from "../members.ts";
import { parseEntries, parseIndex, type IndexRow } from "../segment.ts";
import { gapNodes, TreeWalk } from "../tree-walk.ts";
import { SegmentContents } from "./contents.ts";
import type { FlawList } from "./flaws.ts";
import type { PayloadChecks } from "./payload-checks.ts";
import { Streams } from "./streams.ts";
import { TenantChain } from "./tenant-chain.ts";

export type SegmentBytes = Readonly<Partial<Record<SegmentPart, Buffer>>>;

const NONE = Buffer.alloc(0);
const HASH = 32;

/** Checks the log's part of an archive, segment by segment. */
export class SegmentCheck {
  readonly tree = new TreeWalk();
  readonly chain: TenantChain;
  readonly streams: Streams;
  readonly payloads: PayloadChecks;
  readonly #header: ArchiveHeader;
  readonly #treeSize: number;
  readonly #flaws: FlawList;
  entries = 0;
  contents = 0;
  absentContents = 0;

  constructor(header: ArchiveHeader, treeSize: number, payloads: PayloadChecks, flaws: FlawList) {
    this.#header = header;
    this.#treeSize = treeSize;
    this.#flaws = flaws;
    this.payloads = payloads;
    this.chain = new TenantChain(header, flaws);
    this.streams = new Streams(header, flaws);
  }

  check(segment: number, parts: SegmentBytes): void {
    const name = (part: SegmentPart): string => segmentMember(segment, part);
    const rows = this.#rows(parts.index ?? NONE, name("index"));
    this.#growTree(rows, parts.tree ?? NONE, name("tree"));
    const { entries, rest } = parseEntries(parts.entries ?? NONE);
    const contents = new SegmentContents(parts.contents ?? NONE, name("contents"), this.#flaws);
    let sound = rest === 0 && entries.length === rows.length;
    const views: EntryView[] = [];
    for (const [number, row] of rows.entries()) {
      const view = this.#entry(row, entries[number], contents, name("entries"));
      if (view === undefined) sound = false;
      else views.push(view);
    }
    if (entries.length > rows.length || rest > 0) {
      const detail = `it holds ${entries.length} entries and ${rest} more bytes, the index ${rows.length} rows`;
      this.#flaws.add({ code: "ENTRY", member: name("entries"), detail });
    }
    this.contents += contents.checked;
    this.absentContents += contents.absent;
    // What derives from entries is only held against them while they are what they were.
    if (!sound) return;
    contents.end();
    if (!formatCsv(views).equals(parts.csv ?? NONE)) {
      this.#flaws.add({ code: "CSV", member: name("csv"), detail: "it is not the table of the segment's entries" });
    }
  }

  /** The hashes behind the last entry, up to the checkpoint's size. */
  end(tree: Buffer, member: string): void {
    const hashes = hashesOf(tree, member, this.#flaws);
    this.#fill(this.#treeSize, hashes);
    this.#nothingLeft(hashes, member);
  }

  #rows(bytes: Buffer, member: string): readonly IndexRow[] {
    const flaw = (detail: string, position?: number): void =>
      this.#flaws.add({ code: "INDEX", member, detail, ...(position === undefined ? {} : { position }) });
    let rows: readonly IndexRow[];
    try {
      rows = parseIndex(bytes);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      flaw(error.message);
      rows = parseIndex(bytes.subarray(0, 0));
    }
    if (rows.length === 0) flaw("a segment has at least one entry");
    return rows;
  }

  #growTree(rows: readonly IndexRow[], tree: Buffer, member: string): void {
    const hashes = hashesOf(tree, member, this.#flaws);
    for (const { position, leaf } of rows) {
      if (position < this.tree.size || position >= this.#treeSize) {
        const detail = `position ${position} does not come after ${this.tree.size - 1} in a tree of ${this.#treeSize}`;
        this.#flaws.add({ code: "INDEX", position, detail });
        continue;
      }
      this.#fill(position, hashes);
      this.tree.push(0, leaf);
    }
    this.#nothingLeft(hashes, member);
  }

  #nothingLeft(hashes: Iterator<Buffer>, member: string): void {
    if (hashes.next().done === true) return;
    this.#flaws.add({ code: "ROOT", member, detail: "it holds more hashes than the gaps between the entries need" });
  }

  #fill(end: number, hashes: Iterator<Buffer>): void {
    for (const { level } of gapNodes(this.tree.size, end)) {
      const next = hashes.next();
      // A hash that is missing leads to another root, which is told at the end.
      this.tree.push(level, next.done === true ? MISSING : next.value);
    }
  }

  #entry(row: IndexRow, bytes: Buffer | undefined, contents: SegmentContents, member: string): EntryView | undefined {
    const { position } = row;
    this.entries += 1;
    const view = bytes === undefined ? undefined : viewEntry(bytes);
    if (view === undefined || !view.leaf.equals(row.leaf)) {
      const detail = "the entry is not the one whose hash stands in the index at this position";
      if (view === undefined) this.#flaws.add({ code: "ENTRY", position, member, detail: "there is no entry that can be read" });
      else this.#flaws.add({ code: "LEAF_HASH", position, member, detail });
      // What follows is held against what the tree says was here, so that one wrong entry is one flaw.
      this.streams.lose(row.leaf);
      this.chain.skip(this.chain.next, row.leaf);
      return undefined;
    }
    const { entry } = view;
    if (entry.position !== position) this.#foreign(position, `the entry at position ${position} says that it is at ${entry.position}`);
    if (entry.stream.tenant !== this.#header.tenant) this.#foreign(position, "the entry is of another tenant");
    if (entry.ledger !== this.#header.ledger) this.#foreign(position, "the entry is of another ledger");
    this.chain.add(view, position);
    this.payloads.check(view, position, this.streams.add(view, position), contents);
    return view;
  }

  #foreign(position: number, detail: string): void {
    this.#flaws.add({ code: "FOREIGN", position, detail });
  }
}

function* hashesOf(bytes: Buffer, member: string, flaws: FlawList): Generator<Buffer, undefined> {
  for (let at = 0; at + HASH <= bytes.length; at += HASH) yield bytes.subarray(at, at + HASH);
  if (bytes.length % HASH !== 0) flaws.add({ code: "ROOT", member, detail: "it does not hold whole hashes" });
}

const MISSING = Buffer.alloc(HASH);
