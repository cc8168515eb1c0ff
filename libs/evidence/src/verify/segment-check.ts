import type { ArchiveHeader } from "../header.ts";
import { readPayload } from "../content-refs.ts";
import { TreeWalk } from "../tree-walk.ts";
import { Erasures } from "./erasures.ts";
import { fillGap, hashesOf, nothingLeft } from "./examine-segment.ts";
import type { FlawList } from "./flaws.ts";
import { isDigestOf, PendingInputs } from "./inputs.ts";
import { noSuchPayload, wrongDigest } from "./payload-checks.ts";
import { Asks, noCounts, type SegmentCounts, type SegmentFacts } from "./segment-facts.ts";
import type { StreamHead } from "./stream-table.ts";
import { isPolicy, Streams } from "./streams.ts";
import { TenantChain } from "./tenant-chain.ts";

/** Holds the facts of segments against each other, in the order of the log: the tree, the tenant's chain, streams, and inputs whose verdict comes later. */
export class SegmentCheck {
  readonly tree = new TreeWalk();
  readonly chain: TenantChain;
  readonly streams: Streams;
  /** SHA-256 of each policy document, by revision. */
  readonly documents = new Map<bigint, Uint8Array>();
  readonly counts = noCounts();
  readonly #pending = new PendingInputs();
  readonly #erasures = new Erasures();
  /** Policy revisions of verdicts, each with the position of the first. */
  readonly #revisions = new Map<number, number>();
  #isWhole = true;
  readonly #header: ArchiveHeader;
  readonly #treeSize: number;
  readonly #flaws: FlawList;
  entries = 0;
  /** Position of the last entry. */
  #last = -1;

  constructor(header: ArchiveHeader, treeSize: number, flaws: FlawList) {
    this.#header = header;
    this.#treeSize = treeSize;
    this.#flaws = flaws;
    this.chain = new TenantChain(header, flaws);
    this.streams = new Streams(header, flaws);
  }

  add(facts: SegmentFacts): void {
    const { rows, names } = facts;
    this.#flaws.addAll(facts.flaws);
    for (const { level, hash } of facts.tree) this.tree.push(level, hash);
    this.entries += rows.count;
    this.#last = Math.max(this.#last, rows.positions[rows.count - 1] ?? 0);
    const heads: (StreamHead | undefined)[] = names.map(() => undefined);
    const policies = names.map(isPolicy);
    for (let row = 0; row < rows.count; row += 1) {
      if (((rows.asks[row] ?? 0) & Asks.lost) !== 0) {
        // What follows is held against what the tree says was here, so that one wrong entry is one flaw.
        this.#isWhole = false;
        this.streams.lose(rows, row);
        this.chain.skip(rows, row);
      } else this.#row(facts, row, heads, policies);
    }
    for (const { name, input } of facts.inputs) this.#pending.hold(name, input);
    this.#erasures.add({ ...facts, erased: this.#whole(facts) });
    for (const [revision, position] of facts.revisions) if (!this.#revisions.has(revision)) this.#revisions.set(revision, position);
    this.#count(facts);
  }

  #row(facts: SegmentFacts, row: number, heads: (StreamHead | undefined)[], policies: readonly boolean[]): void {
    const { rows, names } = facts;
    const stream = rows.streams[row] ?? 0;
    this.chain.add(rows, row, policies[stream] ?? false);
    const head = (heads[stream] ??= this.streams.open(names[stream] ?? "", rows, row));
    this.streams.add(head, rows, row);
    if (((rows.asks[row] ?? 0) & (Asks.judgesInput | Asks.dropsInput)) !== 0) this.#input(facts, row, names[stream] ?? "");
  }

  /** The hashes behind the last entry, up to the checkpoint's size. */
  end(tree: Buffer, member: string): void {
    this.#erasures.end(this.#last, this.#flaws);
    this.#policies();
    const hashes = hashesOf(tree, member, this.#flaws);
    fillGap(this.tree, this.#treeSize, hashes);
    nothingLeft(hashes, member, this.#flaws);
  }

  /** The policies that were in force are in the archive, from the tenant's first on; 0: there was none. An entry that was altered may be the one that is looked for. */
  #policies(): void {
    if (!this.#isWhole) return;
    for (const [revision, position] of this.#revisions) {
      if (revision === 0 || this.documents.has(BigInt(revision))) continue;
      const detail = `the verdict is of policy revision ${revision}, and no event of the archive publishes it`;
      this.#flaws.add({ code: "POLICY", position, detail });
    }
  }

  /** Keeps what policies were published, and tells what was erased. */
  #whole({ whole }: SegmentFacts): readonly string[] {
    const erased: string[] = [];
    for (const { position, type, data } of whole) {
      const event = readPayload({ type, schemaVersion: 1, data });
      if (event === undefined) this.#flaws.add(noSuchPayload(position, type));
      else if (event.type === "PolicyPublished") this.documents.set(event.data.revision, event.data.documentDigest);
      else if (event.type === "ContentErased") erased.push(...event.data.digests.map((digest) => Buffer.from(digest).toString("hex")));
    }
    return erased;
  }

  /** A verdict on an input of an earlier segment; or an entry after which that input waits no more. */
  #input({ rows, verdicts }: SegmentFacts, row: number, name: string): void {
    const verdict = verdicts.get(row);
    if (verdict !== undefined) {
      const input = this.#pending.get(name);
      if (input === undefined) this.counts.digestsUnverified += 1;
      else {
        this.counts.digests += 1;
        if (!isDigestOf(verdict.digest, this.#header.tenant, input, verdict.bindingContext)) {
          this.#flaws.add(wrongDigest(rows.positions[row] ?? 0));
        }
      }
    }
    this.#pending.release(name);
  }

  #count({ counts }: SegmentFacts): void {
    for (const name of Object.keys(counts) as (keyof SegmentCounts)[]) this.counts[name] += counts[name];
  }
}
