import { verify, type KeyObject } from "node:crypto";
import { VoteCastSchema, BreakGlassUsedSchema } from "@countersign/proto/event/v1/action_events_pb";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { VoteDecision } from "@countersign/proto/v1/action_pb";
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

/** Signatures of the votes of a segment. */
export class Votes {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #wrong: (position: number) => void;
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
    const signed = payload.view(signature);
    const isGood =
      said !== undefined && signed.length === 64 && verify(null, Buffer.from(this.#text(entry, payload, numbers, said)), key, signed);
    if (!isGood) this.#wrong(position);
    return true;
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
}
