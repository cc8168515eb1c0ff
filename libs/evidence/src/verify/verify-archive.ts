import { createHash } from "node:crypto";
import { EvidenceError } from "../error.ts";
import { readGrantKeys } from "../grant-keys.ts";
import { parseHeader, type ArchiveHeader } from "../header.ts";
import { compareManifest, type ManifestLine } from "../manifest.ts";
import { LAST_TREE, MANIFEST, type MemberKind, type SegmentPart } from "../members.ts";
import { printable, readMembers, type Member } from "../read-archive.ts";
import { FlawList } from "./flaws.ts";
import { MemberOrder } from "./member-order.ts";
import { PayloadChecks } from "./payload-checks.ts";
import { SegmentCheck } from "./segment-check.ts";
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

/** Reads an archive once, from start to end, and reports every flaw. Holds one segment at a time, and a small record per stream. */
export async function verifyArchive(source: AsyncIterable<Uint8Array>, trust: Trust): Promise<Verification> {
  const verifier = new Verifier(trust);
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
    for await (const member of readMembers(counted())) verifier.member(member);
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    whole = false;
    const offset = error.offset === undefined ? {} : { offset: error.offset };
    verifier.flaws.add({ code: "ARCHIVE", ...offset, detail: `${error.message}; nothing behind this place was looked at` });
  }
  return { ...verifier.end(), bytes, digest: whole ? digest.digest("hex") : undefined };
}

class Verifier {
  readonly flaws = new FlawList();
  readonly #trust: Trust;
  readonly #order = new MemberOrder(this.flaws);
  readonly #read: ManifestLine[] = [];
  #header: ArchiveHeader | undefined;
  #checkpoint: TrustedCheckpoint | undefined;
  #keys: ReturnType<typeof readGrantKeys>;
  #check: SegmentCheck | undefined;
  #segment: { readonly number: number; readonly parts: Partial<Record<SegmentPart, Buffer>> } | undefined;
  #pages = 0;
  #policies = 0;

  constructor(trust: Trust) {
    this.#trust = trust;
  }

  member({ name, body, offset, sha256, faults }: Member): void {
    for (const detail of faults) this.flaws.add({ code: "ARCHIVE", member: printable(name), offset, detail });
    const kind = this.#order.accept(name, offset);
    if (name === MANIFEST) {
      for (const { member, detail } of compareManifest(body, this.#read))
        this.flaws.add({ code: "MANIFEST", member: printable(member), detail });
    } else this.#read.push({ name, sha256 });
    if (kind !== undefined) this.#look(kind, name, body, sha256);
  }

  end(): Omit<Verification, "bytes" | "digest"> {
    this.#closeSegment();
    this.#order.end();
    const check = this.#check;
    if (check !== undefined && this.#checkpoint !== undefined) {
      check.chain.end();
      if (Buffer.compare(check.tree.root(), this.#checkpoint.checkpoint.root) !== 0) {
        this.flaws.add({ code: "ROOT", detail: "index and tree do not lead to the root that the checkpoint signs" });
      }
    }
    return { header: this.#header, checkpoint: this.#checkpoint, check, pages: this.#pages, policies: this.#policies, flaws: this.flaws };
  }

  #look(kind: MemberKind, name: string, body: Buffer, sha256: string): void {
    if (kind.kind === "segment") return this.#part(kind, body);
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
        this.#closeSegment();
        return this.#policy(kind.revision, name, sha256);
      case "page":
        this.#pages += 1;
        return undefined;
      case "last_tree":
        this.#closeSegment();
        return this.#checker()?.end(body, LAST_TREE);
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

  #part({ segment, part }: Extract<MemberKind, { kind: "segment" }>, body: Buffer): void {
    if (this.#segment?.number !== segment) this.#closeSegment();
    this.#segment ??= { number: segment, parts: {} };
    // A member's bytes are a view into a larger buffer only as long as the segment is looked at.
    this.#segment.parts[part] = body;
    if (part === "csv") this.#closeSegment();
  }

  #closeSegment(): void {
    if (this.#segment === undefined) return;
    const { number, parts } = this.#segment;
    this.#segment = undefined;
    this.#checker()?.check(number, parts);
  }

  /** Entries mean nothing without the header and the checkpoint, and then their lack is the flaw. */
  #checker(): SegmentCheck | undefined {
    if (this.#check === undefined && this.#header !== undefined && this.#checkpoint !== undefined) {
      const payloads = new PayloadChecks(this.#trust.voteKeys ?? this.#keys ?? new Map(), this.flaws);
      this.#check = new SegmentCheck(this.#header, this.#checkpoint.checkpoint.size, payloads, this.flaws);
    }
    return this.#check;
  }

  #policy(revision: bigint, name: string, sha256: string): void {
    this.#policies += 1;
    const published = this.#check?.payloads.documents.get(revision);
    if (published !== undefined && Buffer.from(published).toString("hex") === sha256) return;
    const detail = published === undefined ? "no event before it publishes this revision" : "it is not the document that was published";
    this.flaws.add({ code: "POLICY", member: name, detail });
  }
}
