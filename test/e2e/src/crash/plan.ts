import type { ActionInput } from "@countersign/client";
import { DROP, EXPORT, ROTATION, TAG_CHANGE } from "../scenes.ts";

/** What is to happen to an action. */
export type Intent = {
  /** Unique; the id of the resource, so that the log names it too. */
  readonly id: string;
  readonly kind: "allowed" | "denied" | "approved" | "approved by two" | "rejected";
  readonly input: ActionInput;
  /** Voters and redeemers come several at the same moment. */
  readonly racing: boolean;
};

/** Numbers in [0, 1) that a seed fixes (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A mix of actions, in an order that the seed fixes. */
export function planActions(count: number, run: string, random: () => number): readonly Intent[] {
  return Array.from({ length: count }, (_, index) => {
    const kind = pick(random());
    const id = `${run}-${index}`;
    const { [kind]: scene } = SCENES;
    return { id, kind, input: { ...scene, resource: { type: scene.resource.type, id } }, racing: random() < 0.4 };
  });
}

const SCENES: Readonly<Record<Intent["kind"], ActionInput>> = {
  allowed: TAG_CHANGE,
  denied: DROP,
  approved: EXPORT,
  "approved by two": ROTATION,
  rejected: EXPORT,
};

function pick(share: number): Intent["kind"] {
  if (share < 0.45) return "allowed";
  if (share < 0.5) return "denied";
  if (share < 0.75) return "approved";
  return share < 0.85 ? "approved by two" : "rejected";
}
