import {
  CHECKPOINT,
  DESCRIPTORS,
  GRANT_KEYS,
  HEADER,
  LAST_TREE,
  LOG_KEYS,
  MANIFEST,
  memberKind,
  SEGMENT_PARTS,
  segmentMember,
  SUMMARY_PAGE,
  type MemberKind,
} from "../members.ts";
import { printable } from "../read-archive.ts";
import type { FlawList } from "./flaws.ts";

const FIRST = [HEADER, CHECKPOINT, LOG_KEYS, GRANT_KEYS, DESCRIPTORS];

/** That members come in the one order that they have, so that none can be there twice, and a reader never waits for one. */
export class MemberOrder {
  readonly #flaws: FlawList;
  readonly #others = new Set<string>();
  /** The backbone's members that must come yet; pages and policies may stand anywhere behind the first five. */
  #expected: readonly string[] = [...FIRST, ...partsOf(0), LAST_TREE, MANIFEST];
  #segment = 0;

  constructor(flaws: FlawList) {
    this.#flaws = flaws;
  }

  /** What the member is; undefined when it has no place here and must not be looked at. */
  accept(name: string, offset: number): MemberKind | undefined {
    const kind = memberKind(name);
    const fault = kind === undefined ? "no archive has a member of this name" : this.#place(name, kind, offset);
    if (fault === undefined) return kind;
    this.#flaws.add({ code: "ARCHIVE", member: printable(name), offset, detail: fault });
    return undefined;
  }

  /** After the last member. */
  end(): void {
    this.#miss(this.#expected);
    if (!this.#others.has(SUMMARY_PAGE)) this.#miss([SUMMARY_PAGE]);
  }

  #place(name: string, kind: MemberKind, offset: number): string | undefined {
    if (kind.kind === "page" || kind.kind === "policy") {
      if (this.#others.has(name)) return "it is there twice";
      this.#others.add(name);
      return this.#expected.includes(DESCRIPTORS) ? "it stands before members that come first" : undefined;
    }
    if (name === segmentMember(this.#segment + 1, "index")) {
      this.#miss(this.#expected.slice(0, this.#expected.indexOf(LAST_TREE)), offset);
      this.#segment += 1;
      this.#expected = [...partsOf(this.#segment), LAST_TREE, MANIFEST];
    }
    const place = this.#expected.indexOf(name);
    if (place < 0) return "it is there twice, or out of order";
    this.#miss(this.#expected.slice(0, place), offset);
    this.#expected = this.#expected.slice(place + 1);
    return undefined;
  }

  /** Tells what is missing. A segment of which nothing has come is none: the log may end before any. */
  #miss(names: readonly string[], offset?: number): void {
    const none = names.includes(segmentMember(this.#segment, "index")) && names.includes(segmentMember(this.#segment, "csv"));
    const missing = none ? names.filter((name) => memberKind(name)?.kind !== "segment") : names;
    for (const member of missing) {
      this.#flaws.add({ code: "ARCHIVE", member, ...(offset === undefined ? {} : { offset }), detail: "it is missing" });
    }
  }
}

function partsOf(segment: number): readonly string[] {
  return SEGMENT_PARTS.map((part) => segmentMember(segment, part));
}
