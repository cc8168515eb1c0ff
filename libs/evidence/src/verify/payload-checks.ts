import type { KeyObject } from "node:crypto";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { actionDigest, type DigestInput } from "@countersign/digest";
import type { DecodedEvent } from "@countersign/events";
import type { VerdictReached, VoteCast } from "@countersign/proto/event/v1/action_events_pb";
import { contentRefs, readPayload } from "../content-refs.ts";
import type { EntryView } from "../entry-view.ts";
import type { ContentRecord } from "../segment.ts";
import type { SegmentContents } from "./contents.ts";
import type { FlawList } from "./flaws.ts";
import type { StreamHead } from "./streams.ts";
import { verifyVote } from "./vote-signature.ts";

/** How often each check was made, or could not be. */
export type PayloadCounts = {
  /** Of types or versions that this build does not know. */
  unknown: number;
  votes: number;
  /** Votes whose key is not known. */
  votesUnverified: number;
  digests: number;
  /** Verdicts on input that was erased or lies before the period. */
  digestsUnverified: number;
};

type Found = NonNullable<ContentRecord["content"]>;

/** Inputs that wait for their verdict; more than this at once does not happen, and is not held. */
const PENDING_BYTES = 64 * 1024 * 1024;

/** What entries say, held against each other: digests of inputs, votes, deadlines. */
export class PayloadChecks {
  readonly counts: PayloadCounts = { unknown: 0, votes: 0, votesUnverified: 0, digests: 0, digestsUnverified: 0 };
  /** SHA-256 of each policy document, by revision. */
  readonly documents = new Map<bigint, Uint8Array>();
  readonly #flaws: FlawList;
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #pending = new Map<string, Found>();
  #pendingBytes = 0;

  constructor(keys: ReadonlyMap<string, KeyObject>, flaws: FlawList) {
    this.#keys = keys;
    this.#flaws = flaws;
  }

  check(view: EntryView, position: number, head: StreamHead, contents: SegmentContents): void {
    const payload = readPayload(view.entry);
    if (payload === undefined) {
      this.counts.unknown += 1;
      return;
    }
    const found = contentRefs(payload).map((digest) => contents.find(digest, position));
    this.#judge(payload, view, { position, head, input: found[0] });
  }

  #judge(event: DecodedEvent, view: EntryView, at: { position: number; head: StreamHead; input: ContentRecord["content"] }): void {
    const { position, head, input } = at;
    const time = view.entry.time.getTime();
    const stream = view.entry.stream.id;
    switch (event.type) {
      case "ActionRequested":
        return this.#hold(stream, input);
      case "ActionEdited":
        this.#sameDigest(head, event.data.previousDigest, position);
        head.reviewDeadline = milliseconds(event.data.deadline);
        return this.#hold(stream, input);
      case "VerdictReached":
        return this.#verdict(event.data, view, head, position);
      case "ReviewOpened":
      case "StageOpened":
        head.reviewDeadline = milliseconds(event.data.deadline);
        return undefined;
      case "VoteCast":
        this.#sameDigest(head, event.data.digest, position);
        this.#before(head.reviewDeadline, time, position, "a vote was cast after the review's deadline");
        return this.#vote(event.data, view, position);
      case "ActionApproved":
      case "ActionRejected":
        return this.#sameDigest(head, event.data.digest, position);
      case "GrantIssued":
        head.grantExpiry = milliseconds(event.data.expireTime);
        return this.#sameDigest(head, event.data.digest, position);
      case "GrantRedeemed":
        return this.#before(head.grantExpiry, time, position, "the grant was redeemed after it had expired");
      case "ActionExpired":
      case "ActionCancelled":
        return this.#release(stream);
      case "PolicyPublished":
        this.documents.set(event.data.revision, Uint8Array.from(event.data.documentDigest));
        return undefined;
      default:
        return undefined;
    }
  }

  #verdict({ digest, verdict }: VerdictReached, { entry }: EntryView, head: StreamHead, position: number): void {
    head.digest = Uint8Array.from(digest);
    const input = this.#pending.get(entry.stream.id);
    this.#release(entry.stream.id);
    if (input === undefined) {
      this.counts.digestsUnverified += 1;
      return;
    }
    this.counts.digests += 1;
    const computed = recompute(entry.stream.tenant, input, verdict?.bindingContext ?? []);
    if (computed === undefined || Buffer.compare(computed, digest) !== 0) {
      this.#flaws.add({ code: "ACTION_DIGEST", position, detail: "the action digest is not the one of the input and its salt" });
    }
  }

  #vote(vote: VoteCast, view: EntryView, position: number): void {
    const key = this.#keys.get(vote.keyId);
    if (key === undefined) {
      this.counts.votesUnverified += 1;
      return;
    }
    this.counts.votes += 1;
    if (verifyVote(view.entry, vote, key)) return;
    this.#flaws.add({ code: "VOTE_SIGNATURE", position, detail: "the signature of the vote does not verify" });
  }

  /** Everything after a verdict is about the digest that the verdict fixed. */
  #sameDigest(head: StreamHead, digest: Uint8Array, position: number): void {
    if (head.digest === undefined || Buffer.compare(head.digest, digest) === 0) return;
    this.#flaws.add({ code: "ACTION_DIGEST", position, detail: "it is about another digest than the verdict before it" });
  }

  #before(end: number | undefined, time: number, position: number, detail: string): void {
    if (end !== undefined && time >= end) this.#flaws.add({ code: "TIME", position, detail });
  }

  #hold(stream: string, input: ContentRecord["content"]): void {
    this.#release(stream);
    if (input === undefined || this.#pendingBytes + input.body.length > PENDING_BYTES) return;
    this.#pending.set(stream, { salt: Buffer.from(input.salt), body: Buffer.from(input.body) });
    this.#pendingBytes += input.body.length;
  }

  #release(stream: string): void {
    this.#pendingBytes -= this.#pending.get(stream)?.body.length ?? 0;
    this.#pending.delete(stream);
  }
}

function recompute(tenant: string, { salt, body }: Found, bindingContext: readonly string[]): Uint8Array | undefined {
  try {
    const input: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    return isInput(input) ? actionDigest(salt, { ...input, tenant }, bindingContext) : undefined;
  } catch {
    return undefined;
  }
}

/** The hash of the content was checked: this only guards against an input that is none. */
function isInput(value: unknown): value is Omit<DigestInput, "tenant"> {
  if (typeof value !== "object" || value === null || !("subject" in value && "action" in value && "resource" in value)) return false;
  return [value.subject, value.action, value.resource].every((part) => typeof part === "object" && part !== null);
}

const milliseconds = (time: Timestamp | undefined): number | undefined => (time === undefined ? undefined : timestampMs(time));
