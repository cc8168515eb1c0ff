import type { KeyObject } from "node:crypto";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { DecodedEvent } from "@countersign/events";
import type { BreakGlassUsed, VerdictReached, VoteCast } from "@countersign/proto/event/v1/action_events_pb";
import { contentRefs, readPayload } from "../content-refs.ts";
import type { EntryView } from "../entry-view.ts";
import type { ContentRecord } from "../segment.ts";
import type { SegmentContents } from "./contents.ts";
import type { FlawList } from "./flaws.ts";
import { isDigestOf, type Found } from "./inputs.ts";
import { Asks, type SegmentCounts, type SegmentFacts } from "./segment-facts.ts";
import { verifyVote } from "./vote-signature.ts";

/** What a payload asks of its stream, with the digest and the time that it names. */
export type Asked = { readonly asks: number; readonly digest?: Uint8Array; readonly end?: number | undefined };

const NOTHING: Asked = { asks: 0 };

/** What the entries of one segment say: contents, digests of inputs, votes. What needs the stream's earlier events it tells, for others to check. */
export class PayloadChecks {
  readonly documents: [bigint, Uint8Array][] = [];
  readonly erased: string[] = [];
  readonly requestTimes: number[] = [];
  readonly verdicts = new Map<number, { digest: Uint8Array; bindingContext: readonly string[] }>();
  readonly #counts: SegmentCounts;
  readonly #flaws: FlawList;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  /** Streams that had an input in this segment, and the input as long as it waits. */
  readonly #inputs = new Map<string, Found | undefined>();

  constructor(keys: ReadonlyMap<string, KeyObject>, counts: SegmentCounts, flaws: FlawList) {
    this.#keys = keys;
    this.#counts = counts;
    this.#flaws = flaws;
  }

  /** Copies of the inputs that still wait. */
  get inputs(): SegmentFacts["inputs"] {
    return [...this.#inputs].flatMap(([name, input]) =>
      input === undefined ? [] : [{ name, input: { salt: Uint8Array.from(input.salt), body: Uint8Array.from(input.body) } }],
    );
  }

  check(view: EntryView, name: string, row: number, contents: SegmentContents): Asked {
    const payload = readPayload(view.entry);
    if (payload === undefined) {
      this.#counts.unknown += 1;
      return NOTHING;
    }
    const found = contentRefs(payload).map((digest) => contents.find(digest, view.entry.position));
    return this.#judge(payload, view, { name, row, input: found[0] });
  }

  #judge(event: DecodedEvent, view: EntryView, at: { name: string; row: number; input: ContentRecord["content"] }): Asked {
    switch (event.type) {
      case "ActionRequested":
        return this.#input(at.name, at.input, NOTHING);
      case "ActionEdited":
        return this.#input(at.name, at.input, {
          asks: Asks.sameDigest | Asks.setsDeadline,
          digest: event.data.previousDigest,
          end: milliseconds(event.data.deadline),
        });
      case "VerdictReached":
        return this.#verdict(event.data, view, at.name, at.row);
      case "ReviewOpened":
      case "StageOpened":
      case "ReviewEscalated":
        return { asks: Asks.setsDeadline, end: milliseconds(event.data.deadline) };
      case "ReviewHeld":
        return { asks: Asks.setsDeadline };
      case "VoteCast":
      case "BreakGlassUsed":
        this.#vote(event.data, view);
        return { asks: Asks.sameDigest | Asks.beforeDeadline, digest: event.data.digest };
      case "ReviewJoined":
      case "ActionApproved":
      case "ActionRejected":
        return { asks: Asks.sameDigest, digest: event.data.digest };
      case "GrantIssued":
        return { asks: Asks.sameDigest | Asks.setsExpiry, digest: event.data.digest, end: milliseconds(event.data.expireTime) };
      case "GrantRedeemed":
        return { asks: Asks.beforeExpiry };
      case "ActionExpired":
      case "ActionCancelled":
        return this.#input(at.name, undefined, NOTHING);
      case "PolicyPublished":
        this.documents.push([event.data.revision, Uint8Array.from(event.data.documentDigest)]);
        return NOTHING;
      case "ContentErased":
        for (const digest of event.data.digests) this.erased.push(Buffer.from(digest).toString("hex"));
        return NOTHING;
      case "ExportRequested":
        this.requestTimes.push(view.entry.time.getTime());
        return NOTHING;
      default:
        return NOTHING;
    }
  }

  #verdict({ digest, verdict }: VerdictReached, { entry }: EntryView, name: string, row: number): Asked {
    const bindingContext = verdict?.bindingContext ?? [];
    if (!this.#inputs.has(name)) {
      this.verdicts.set(row, { digest: Uint8Array.from(digest), bindingContext });
      return this.#input(name, undefined, { asks: Asks.setsDigest | Asks.judgesInput, digest });
    }
    const input = this.#inputs.get(name);
    if (input === undefined) this.#counts.digestsUnverified += 1;
    else {
      this.#counts.digests += 1;
      if (!isDigestOf(digest, entry.stream.tenant, input, bindingContext)) this.#flaws.add(wrongDigest(entry.position));
    }
    return this.#input(name, undefined, { asks: Asks.setsDigest, digest });
  }

  #vote(vote: VoteCast | BreakGlassUsed, { entry }: EntryView): void {
    const key = this.#keys.get(vote.keyId);
    if (key === undefined) {
      this.#counts.votesUnverified += 1;
      return;
    }
    this.#counts.votes += 1;
    if (verifyVote(entry, vote, key)) return;
    this.#flaws.add({ code: "VOTE_SIGNATURE", position: entry.position, detail: "the signature of the vote does not verify" });
  }

  /** From here on this input, or none, waits in the stream. */
  #input(name: string, input: ContentRecord["content"], asked: Asked): Asked {
    this.#inputs.set(name, input);
    return { ...asked, asks: asked.asks | Asks.dropsInput };
  }
}

export const wrongDigest = (position: number) =>
  ({ code: "ACTION_DIGEST", position, detail: "the action digest is not the one of the input and its salt" }) as const;

const milliseconds = (time: Timestamp | undefined): number | undefined => (time === undefined ? undefined : timestampMs(time));
