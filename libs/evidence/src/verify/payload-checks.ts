import type { KeyObject } from "node:crypto";
import type { ContentRecord } from "../segment.ts";
import type { SegmentContents } from "./contents.ts";
import { Field, type EntryFields } from "./entry-fields.ts";
import type { FlawList } from "./flaws.ts";
import { isDigestOf, type Found } from "./inputs.ts";
import { KnownBytes } from "./known-bytes.ts";
import type { PayloadPlan, Plans } from "./payload-plan.ts";
import type { RowWriter } from "./row-writer.ts";
import { Asks, DIGEST, type SegmentCounts, type SegmentFacts } from "./segment-facts.ts";
import { timeOf, WireFields } from "./wire-fields.ts";
import { Votes } from "./votes.ts";

/** `ContentRef.digest`. */
const REF_DIGEST = 1;

/** What all segments of an archive have in common, as far as payloads go: the tenant, keys of votes by thumbprint, what is read. */
export type PayloadContext = { readonly tenant: string; readonly keys: ReadonlyMap<string, KeyObject>; readonly plans: Plans };

/** What the entries of one segment say: contents, digests of inputs, votes. What needs the stream's earlier events it tells, for others to check. */
export class PayloadChecks {
  readonly whole: SegmentFacts["whole"][number][] = [];
  /** Of verdicts, each with the position of the first. */
  readonly revisions = new Map<number, number>();
  readonly verdicts = new Map<number, { digest: Uint8Array; bindingContext: readonly string[] }>();
  readonly #plans: Plans;
  readonly #planOf: KnownBytes<PayloadPlan | undefined>;
  readonly #counts: SegmentCounts;
  readonly #flaws: FlawList;
  readonly #tenant: string;
  readonly #votes: Votes;
  readonly #payload = new WireFields();
  readonly #inner = new WireFields();
  /** By stream: those that had an input in this segment, and the input as long as it waits. */
  readonly #inputs = new Map<number, Found | undefined>();

  constructor({ keys, tenant, plans }: PayloadContext, counts: SegmentCounts, flaws: FlawList) {
    this.#tenant = tenant;
    this.#plans = plans;
    this.#planOf = new KnownBytes((type) => plans.payloads.get(type));
    this.#counts = counts;
    this.#flaws = flaws;
    const detail = "the signature of the vote does not verify";
    this.#votes = new Votes(keys, plans, (position) => flaws.add({ code: "VOTE_SIGNATURE", position, detail }));
  }

  /** Copies of the inputs that still wait; `names` are the streams'. */
  inputs(names: readonly string[]): SegmentFacts["inputs"] {
    return [...this.#inputs].flatMap(([stream, input]) =>
      input === undefined
        ? []
        : [{ name: names[stream] ?? "", input: { salt: Uint8Array.from(input.salt), body: Uint8Array.from(input.body) } }],
    );
  }

  /** Reads the entry's payload, and writes down what it asks of its stream. */
  check(entry: EntryFields, rows: RowWriter, row: number, contents: SegmentContents): void {
    const plan = this.#planOf.find(entry.bytes, entry.begin(Field.type), entry.end(Field.type));
    if (plan === undefined || entry.number(Field.schemaVersion) !== 1) {
      this.#counts.unknown += 1;
      return;
    }
    if (this.#read(plan, entry, rows, row, contents)) return;
    this.#flaws.add(noSuchPayload(entry.number(Field.position), plan.type));
  }

  /** After the last entry. */
  end(): void {
    this.#counts.votes = this.#votes.checked;
    this.#counts.votesUnverified = this.#votes.unverified;
  }

  #read(plan: PayloadPlan, entry: EntryFields, rows: RowWriter, row: number, contents: SegmentContents): boolean {
    const payload = this.#payload;
    if (!payload.read(entry.bytes, entry.begin(Field.data), entry.end(Field.data))) return false;
    let input: ContentRecord["content"];
    for (const [place, field] of plan.refs.entries()) {
      if (!payload.has(field)) continue;
      const found = this.#content(payload, field, entry, contents);
      if (found === "unreadable") return false;
      if (place === 0) input = found;
    }
    rows.asks[row] = plan.asks;
    // Two digests that are none would be taken for the same, and one that is absent for any.
    if (plan.digest > 0 && !(payload.isBytes(plan.digest) && rows.hash(row, DIGEST, payload, plan.digest))) return false;
    if (plan.end > 0 && payload.has(plan.end)) {
      const end = timeOf(payload, plan.end);
      if (Number.isNaN(end)) return false;
      rows.ends[row] = end;
    }
    return this.#judge(plan, entry, rows, row, input);
  }

  #content(payload: WireFields, field: number, entry: EntryFields, contents: SegmentContents): ContentRecord["content"] | "unreadable" {
    const ref = this.#inner;
    if (!payload.isBytes(field) || !ref.read(payload.bytes, payload.begin(field), payload.end(field)) || !ref.isBytes(REF_DIGEST)) {
      return "unreadable";
    }
    return contents.find(ref.view(REF_DIGEST), entry.number(Field.position));
  }

  #judge(plan: PayloadPlan, entry: EntryFields, rows: RowWriter, row: number, input: ContentRecord["content"]): boolean {
    const stream = rows.streams[row] ?? 0;
    switch (plan.type) {
      case "VerdictReached":
        return this.#verdict(plan, entry, rows, row);
      case "VoteCast":
      case "BreakGlassUsed":
        return this.#votes.add(plan.type, entry, this.#payload);
      case "ActionRequested":
      case "ActionEdited":
        this.#inputs.set(stream, input);
        return true;
      case "ActionExpired":
      case "ActionCancelled":
        this.#inputs.set(stream, undefined);
        return true;
      case "PolicyPublished":
      case "ContentErased":
        this.whole.push({ position: entry.number(Field.position), type: plan.type, data: Uint8Array.from(entry.view(Field.data)) });
        return true;
      default:
        return true;
    }
  }

  #verdict(plan: PayloadPlan, entry: EntryFields, rows: RowWriter, row: number): boolean {
    const [payload, verdict] = [this.#payload, this.#inner];
    const field = this.#plans.verdict;
    if (!payload.isBytes(field) || !verdict.read(payload.bytes, payload.begin(field), payload.end(field))) return false;
    const bindingContext = verdict.texts(this.#plans.bindingContext);
    if (bindingContext === undefined || !verdict.isNumber(this.#plans.revision)) return false;
    const revision = verdict.number(this.#plans.revision);
    if (!this.revisions.has(revision)) this.revisions.set(revision, entry.number(Field.position));
    const stream = rows.streams[row] ?? 0;
    const digest = payload.view(plan.digest);
    if (!this.#inputs.has(stream)) {
      this.verdicts.set(row, { digest: Uint8Array.from(digest), bindingContext });
      rows.asks[row] = plan.asks | Asks.judgesInput;
    } else {
      const input = this.#inputs.get(stream);
      if (input === undefined) this.#counts.digestsUnverified += 1;
      else {
        this.#counts.digests += 1;
        if (!isDigestOf(digest, this.#tenant, input, bindingContext)) this.#flaws.add(wrongDigest(entry.number(Field.position)));
      }
    }
    this.#inputs.set(stream, undefined);
    return true;
  }
}

export const noSuchPayload = (position: number, type: string) =>
  ({ code: "ENTRY", position, detail: `its payload is no ${type}` }) as const;

export const wrongDigest = (position: number) =>
  ({ code: "ACTION_DIGEST", position, detail: "the action digest is not the one of the input and its salt" }) as const;
