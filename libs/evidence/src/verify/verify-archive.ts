import { createHash, hash } from "node:crypto";
import { EvidenceError } from "../error.ts";
import { readGrantKeys } from "../grant-keys.ts";
import { parseHeader, type ArchiveHeader } from "../header.ts";
import { compareManifest } from "../manifest.ts";
import { LAST_TREE, MANIFEST, SEGMENT_PARTS, type MemberKind, type SegmentPart } from "../members.ts";
import { printable, readMembers, type Member } from "../read-archive.ts";
import { endOfIndex } from "../segment.ts";
import { memberDigests } from "./examine-segment.ts";
import { examineHere, type Examiner, type ExaminerFactory } from "./examiner.ts";
import { FlawList } from "./flaws.ts";
import { MemberOrder } from "./member-order.ts";
import { PLANS } from "./payload-plans.ts";
import { SegmentCheck } from "./segment-check.ts";
import type { SegmentFacts, SegmentPlace } from "./segment-facts.ts";
import { SegmentRoom } from "./segment-room.ts";
import { judgeCheckpoint, type Trust, type TrustedCheckpoint } from "./trust.ts";

/** What a verifier found out. The archive is good if there is no flaw, and good for no more than `check` and `checkpoint` say. */
export type Verification = {
  readonly header: ArchiveHeader | undefined;
  readonly checkpoint: TrustedCheckpoint | undefined;
  readonly check: SegmentCheck | undefined;
  /** Members that are for reading: only the manifest vouches for them. */
  readonly pages: number;
  readonly policies: number;
  readonly bytes: number;
  /** SHA-256 of the archive, as the log records it in `ExportProduced`; undefined when it could not be read to its end. */
  readonly digest: string | undefined;
  readonly flaws: FlawList;
};

/**
 * Reads an archive once, from start to end, and reports every flaw. Holds the segments that are being examined, and a small record per stream (`StreamTable`).
 * `examiner` decides on which threads segments are examined.
 */
export async function verifyArchive(
  source: AsyncIterable<Uint8Array>,
  trust: Trust,
  examiner: ExaminerFactory = examineHere,
): Promise<Verification> {
  const verifier = new Verifier(trust, examiner);
  const digest = createHash("sha256");
  let bytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source) {
      digest.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  let whole = true;
  try {
    try {
      for await (const member of readMembers(counted())) await verifier.member(member);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      whole = false;
      const offset = error.offset === undefined ? {} : { offset: error.offset };
      verifier.flaws.add({ code: "ARCHIVE", ...offset, detail: `${error.message}; nothing behind this place was looked at` });
    }
    return { ...(await verifier.end()), bytes, digest: whole ? digest.digest("hex") : undefined };
  } finally {
    await verifier.close();
  }
}

type Line = { readonly name: string; sha256: string };
type ReadSegment = {
  readonly number: number;
  readonly room: SegmentRoom;
  readonly lines: Partial<Record<SegmentPart, Line>>;
};

/** Something that has to be done in the order of the archive, once the segments before it were examined. */
type Step = { readonly facts: Promise<SegmentFacts> | undefined; readonly apply: (facts: SegmentFacts | undefined) => void };

class Verifier {
  readonly flaws = new FlawList();
  readonly #trust: Trust;
  readonly #examinerFactory: ExaminerFactory;
  readonly #order = new MemberOrder(this.flaws);
  /** A line for each member, in order; those of a segment are completed when it was examined. */
  readonly #read: Line[] = [];
  readonly #steps: Step[] = [];
  #header: ArchiveHeader | undefined;
  #checkpoint: TrustedCheckpoint | undefined;
  #keys: ReturnType<typeof readGrantKeys>;
  #checking: { readonly check: SegmentCheck; readonly examiner: Examiner; readonly treeSize: number } | undefined;
  #segment: ReadSegment | undefined;
  /** Empty ones. */
  readonly #rooms: SegmentRoom[] = [];
  /** Leaves of the tree up to the segment that was read last. */
  #leaves = 0;
  #pages = 0;
  #policies = 0;

  constructor(trust: Trust, examinerFactory: ExaminerFactory) {
    this.#trust = trust;
    this.#examinerFactory = examinerFactory;
  }

  async member({ name, body, offset, faults }: Member): Promise<void> {
    for (const detail of faults) this.flaws.add({ code: "ARCHIVE", member: printable(name), offset, detail });
    const kind = this.#order.accept(name, offset);
    // Whoever examines a segment hashes its members too.
    if (kind?.kind === "segment") return this.#part(kind, name, body);
    if (name === MANIFEST) {
      await this.#closeSegment();
      await this.#finishSteps(0);
      for (const { member, detail } of compareManifest(body, this.#read))
        this.flaws.add({ code: "MANIFEST", member: printable(member), detail });
      return undefined;
    }
    const sha256 = hash("sha256", body, "hex");
    this.#read.push({ name, sha256 });
    return kind === undefined ? undefined : this.#look(kind, name, body, sha256);
  }

  async end(): Promise<Omit<Verification, "bytes" | "digest">> {
    await this.#closeSegment();
    await this.#finishSteps(0);
    this.#order.end();
    const check = this.#checking?.check;
    if (check !== undefined && this.#checkpoint !== undefined) {
      check.chain.end();
      if (Buffer.compare(check.tree.root(), this.#checkpoint.checkpoint.root) !== 0) {
        this.flaws.add({ code: "ROOT", detail: "index and tree do not lead to the root that the checkpoint signs" });
      }
    }
    return { header: this.#header, checkpoint: this.#checkpoint, check, pages: this.#pages, policies: this.#policies, flaws: this.flaws };
  }

  async close(): Promise<void> {
    await this.#checking?.examiner.close();
  }

  async #look(kind: MemberKind, name: string, body: Buffer, sha256: string): Promise<void> {
    switch (kind.kind) {
      case "header":
        return this.#readHeader(body);
      case "checkpoint":
        this.#checkpoint = judgeCheckpoint(body, this.#trust, this.flaws);
        return undefined;
      case "grant_keys":
        this.#keys = readGrantKeys(body);
        if (this.#keys === undefined) this.flaws.add({ code: "GRANT_KEYS", member: name, detail: "it is no JWK set of Ed25519 keys" });
        return undefined;
      case "policy":
        await this.#closeSegment();
        this.#steps.push({ facts: undefined, apply: () => this.#policy(kind.revision, name, sha256) });
        return undefined;
      case "page":
        this.#pages += 1;
        return undefined;
      case "last_tree":
        return this.#lastTree(Buffer.from(body));
      case "segment":
      case "log_keys":
      case "descriptors":
      case "manifest":
        return undefined;
    }
  }

  #readHeader(body: Buffer): void {
    try {
      this.#header = parseHeader(body);
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      this.flaws.add({ code: "HEADER", detail: error.message });
    }
  }

  async #part({ segment, part }: Extract<MemberKind, { kind: "segment" }>, name: string, body: Buffer): Promise<void> {
    if (this.#segment?.number !== segment) await this.#closeSegment();
    this.#segment ??= { number: segment, room: this.#rooms.pop() ?? new SegmentRoom(), lines: {} };
    const line = { name, sha256: "" };
    this.#read.push(line);
    this.#segment.lines[part] = line;
    this.#segment.room.put(part, body);
    if (part === "csv") await this.#closeSegment();
  }

  async #closeSegment(): Promise<void> {
    if (this.#segment === undefined) return;
    const { number: segment, room, lines } = this.#segment;
    this.#segment = undefined;
    const { parts } = room;
    const checker = this.#checker();
    if (checker === undefined) {
      complete(lines, memberDigests(parts));
      room.clear();
      this.#rooms.push(room);
      return undefined;
    }
    const { check, examiner, treeSize } = checker;
    const begin = this.#leaves;
    this.#leaves = endOfIndex(parts.index ?? Buffer.alloc(0), begin, treeSize);
    const facts = this.#examine(examiner, { segment, begin }, room);
    // Whoever comes to this step hears of the failure; until then it is nobody's.
    facts.catch(() => undefined);
    this.#steps.push({
      facts,
      apply: (found) => {
        if (found === undefined) return;
        complete(lines, found.digests);
        check.add(found);
      },
    });
    return this.#finishSteps(examiner.width - 1);
  }

  async #examine(examiner: Examiner, place: SegmentPlace, room: SegmentRoom): Promise<SegmentFacts> {
    const facts = await examiner.examine(place, room);
    this.#rooms.push(room);
    return facts;
  }

  async #lastTree(hashes: Buffer): Promise<void> {
    await this.#closeSegment();
    this.#steps.push({ facts: undefined, apply: () => this.#checker()?.check.end(hashes, LAST_TREE) });
  }

  /** Takes steps in order until no more than so many are left. */
  async #finishSteps(left: number): Promise<void> {
    while (this.#steps.length > left) {
      const step = this.#steps.shift();
      step?.apply(await step.facts);
    }
  }

  /** Entries mean nothing without the header and the checkpoint, and then their lack is the flaw. */
  #checker() {
    if (this.#checking === undefined && this.#header !== undefined && this.#checkpoint !== undefined) {
      const { tenant, ledger } = this.#header;
      const treeSize = this.#checkpoint.checkpoint.size;
      const context = { tenant, ledger, treeSize, keys: this.#trust.voteKeys ?? this.#keys ?? new Map(), plans: PLANS };
      const check = new SegmentCheck(this.#header, treeSize, this.flaws);
      this.#checking = { check, examiner: this.#examinerFactory(context), treeSize };
    }
    return this.#checking;
  }

  #policy(revision: bigint, name: string, sha256: string): void {
    this.#policies += 1;
    const published = this.#checking?.check.documents.get(revision);
    if (published !== undefined && Buffer.from(published).toString("hex") === sha256) return;
    const detail = published === undefined ? "no event before it publishes this revision" : "it is not the document that was published";
    this.flaws.add({ code: "POLICY", member: name, detail });
  }
}

function complete(lines: ReadSegment["lines"], digests: SegmentFacts["digests"]): void {
  for (const part of SEGMENT_PARTS) {
    const line = lines[part];
    if (line !== undefined) line.sha256 = digests[part] ?? "";
  }
}
