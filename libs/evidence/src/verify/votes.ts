import { verify, type KeyObject } from "node:crypto";
import { Field, type EntryFields } from "./entry-fields.ts";
import type { Plans, VotePlan } from "./payload-plan.ts";
import { bitsOf, MOST_ENUM, MOST_UINT32, WireFields } from "./wire-fields.ts";

/** Signatures of the votes of a segment. */
export class Votes {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #plans: Plans;
  readonly #wrong: (position: number) => void;
  readonly #reviewer = new WireFields();
  checked = 0;
  unverified = 0;

  constructor(keys: ReadonlyMap<string, KeyObject>, plans: Plans, wrong: (position: number) => void) {
    this.#keys = keys;
    this.#plans = plans;
    this.#wrong = wrong;
  }

  /** False when its fields are not what they must be. */
  add(type: "VoteCast" | "BreakGlassUsed", entry: EntryFields, payload: WireFields): boolean {
    const { votes, issuer, id, decisions } = this.#plans;
    const plan = votes[type];
    const { reviewer, digest, shownDigest, stage, keyId, signature, decision } = plan;
    const readable =
      payload.areBytes(bitsOf([reviewer, digest, shownDigest, keyId, signature])) &&
      payload.isNumber(stage, MOST_UINT32) &&
      payload.isNumber(decision, MOST_ENUM) &&
      this.#reviewer.read(payload.bytes, payload.begin(reviewer), payload.end(reviewer)) &&
      this.#reviewer.areBytes(bitsOf([issuer, id]));
    if (!readable) return false;
    const key = this.#keys.get(payload.text(keyId));
    if (key === undefined) {
      this.unverified += 1;
      return true;
    }
    this.checked += 1;
    const position = entry.number(Field.position);
    const said = type === "BreakGlassUsed" ? "break_glass" : decisions.get(payload.number(decision));
    const signed = payload.view(signature);
    const isGood =
      said !== undefined && signed.length === 64 && verify(null, Buffer.from(this.#text(entry, payload, plan, said)), key, signed);
    if (!isGood) this.#wrong(position);
    return true;
  }

  /** What a vote's signature covers, as proto/countersign/event/v1/action_events.proto defines it: RFC 8785 with the members in their order. */
  #text(entry: EntryFields, payload: WireFields, { digest, shownDigest, stage }: VotePlan, decision: string): string {
    const { issuer, id } = this.#plans;
    const string = (value: string): string => JSON.stringify(value);
    const hex = (field: number): string => string(payload.bytes.toString("hex", payload.begin(field), payload.end(field)));
    const reviewer = `{"id":${string(this.#reviewer.text(id))},"issuer":${string(this.#reviewer.text(issuer))}}`;
    return (
      `countersign-vote/v1\n{"action_id":${string(entry.text(Field.streamId))},"decision":"${decision}","digest":${hex(digest)},` +
      `"reviewer":${reviewer},"shown_digest":${hex(shownDigest)},"stage":${payload.number(stage)},` +
      `"tenant":${string(entry.text(Field.tenant))},"time":"${new Date(entry.time).toISOString()}"}`
    );
  }
}
