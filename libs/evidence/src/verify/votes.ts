import { verify, type KeyObject } from "node:crypto";
import { VoteCastSchema, BreakGlassUsedSchema } from "@countersign/proto/event/v1/action_events_pb";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { VoteDecision } from "@countersign/proto/v1/action_pb";
import { BATCH, KnownKey } from "../ed25519/known-key.ts";
import { Field, type EntryFields } from "./entry-fields.ts";
import { WireFields } from "./wire-fields.ts";

const NUMBERS = {
  VoteCast: { ...numbersOf(VoteCastSchema.field), decision: VoteCastSchema.field.decision.number },
  BreakGlassUsed: { ...numbersOf(BreakGlassUsedSchema.field), decision: 0 },
};

type Named = Readonly<Record<"reviewer" | "digest" | "shownDigest" | "stage" | "keyId" | "signature", { readonly number: number }>>;

function numbersOf({ reviewer, digest, shownDigest, stage, keyId, signature }: Named) {
  return {
    reviewer: reviewer.number,
    digest: digest.number,
    shownDigest: shownDigest.number,
    stage: stage.number,
    keyId: keyId.number,
    signature: signature.number,
  };
}

const ISSUER = PrincipalSchema.field.issuer.number;
const ID = PrincipalSchema.field.id.number;
const DECISIONS: ReadonlyMap<number, string> = new Map([
  [VoteDecision.APPROVE, "approve"],
  [VoteDecision.REJECT, "reject"],
]);

type Vote = { readonly position: number; readonly message: Buffer; readonly signature: Uint8Array };

/** A key that has so many votes is worth its tables; and so many keys, the room for theirs. */
const MANY = 1024;
const MOST_TABLES = 8;

/** `known` is null when there are no tables to be had. */
type Signer = { votes: number; known: KnownKey | null | undefined };

/** Keys that this thread has met, with their tables. */
const signers = new WeakMap<KeyObject, Signer>();
let tables = 0;

/** Signatures of the votes of a segment: gathered, and decided many at a time. */
export class Votes {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #wrong: (position: number) => void;
  readonly #waiting = new Map<KeyObject, Vote[]>();
  readonly #reviewer = new WireFields();
  checked = 0;
  unverified = 0;

  constructor(keys: ReadonlyMap<string, KeyObject>, wrong: (position: number) => void) {
    this.#keys = keys;
    this.#wrong = wrong;
  }

  /** False when its fields are not what they must be. */
  add(type: keyof typeof NUMBERS, entry: EntryFields, payload: WireFields): boolean {
    const numbers = NUMBERS[type];
    const { reviewer, digest, shownDigest, stage, keyId, signature, decision } = numbers;
    const readable =
      [reviewer, digest, shownDigest, keyId, signature].every((field) => payload.isBytes(field)) &&
      [stage, decision].every((field) => payload.isNumber(field)) &&
      this.#reviewer.read(payload.bytes, payload.begin(reviewer), payload.end(reviewer)) &&
      this.#reviewer.isBytes(ISSUER) &&
      this.#reviewer.isBytes(ID);
    if (!readable) return false;
    const key = this.#keys.get(payload.text(keyId));
    if (key === undefined) {
      this.unverified += 1;
      return true;
    }
    this.checked += 1;
    const position = entry.number(Field.position);
    const said = type === "BreakGlassUsed" ? "break_glass" : DECISIONS.get(payload.number(decision));
    if (said === undefined) {
      this.#wrong(position);
      return true;
    }
    const text = this.#text(entry, payload, numbers, said);
    this.#put(key, { position, message: Buffer.from(text), signature: payload.view(signature) });
    return true;
  }

  /** Decides those that still wait. */
  end(): void {
    for (const [key, votes] of this.#waiting) this.#decide(key, votes);
  }

  /** What a vote's signature covers, as proto/countersign/event/v1/action_events.proto defines it: RFC 8785 with the members in their order. */
  #text(entry: EntryFields, payload: WireFields, { digest, shownDigest, stage }: (typeof NUMBERS)["VoteCast"], decision: string): string {
    const string = (value: string): string => JSON.stringify(value);
    const hex = (field: number): string => string(payload.bytes.toString("hex", payload.begin(field), payload.end(field)));
    const reviewer = `{"id":${string(this.#reviewer.text(ID))},"issuer":${string(this.#reviewer.text(ISSUER))}}`;
    return (
      `countersign-vote/v1\n{"action_id":${string(entry.text(Field.streamId))},"decision":"${decision}","digest":${hex(digest)},` +
      `"reviewer":${reviewer},"shown_digest":${hex(shownDigest)},"stage":${payload.number(stage)},` +
      `"tenant":${string(entry.text(Field.tenant))},"time":"${new Date(entry.time).toISOString()}"}`
    );
  }

  #put(key: KeyObject, vote: Vote): void {
    const votes = this.#waiting.get(key) ?? [];
    votes.push(vote);
    this.#waiting.set(key, votes);
    if (votes.length === BATCH) this.#decide(key, votes);
  }

  #decide(key: KeyObject, waiting: Vote[]): void {
    const votes = waiting.splice(0);
    const good = knownKey(key, votes.length)?.verify(votes);
    for (const [number, { position, message, signature }] of votes.entries()) {
      // Whoever is blamed is blamed by OpenSSL.
      if (good?.[number] === true || (signature.length === 64 && verify(null, message, key, signature))) continue;
      this.#wrong(position);
    }
  }
}

/** The key with its tables, once it has had many votes. */
function knownKey(key: KeyObject, votes: number): KnownKey | undefined {
  const signer = signers.get(key) ?? { votes: 0, known: undefined };
  signers.set(key, signer);
  signer.votes += votes;
  if (signer.known === undefined && signer.votes >= MANY && tables < MOST_TABLES) {
    tables += 1;
    signer.known = KnownKey.of(Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url")) ?? null;
  }
  return signer.known ?? undefined;
}
