import type { PrincipalRef } from "./input.ts";

/** A document was stored as a revision. Digests are lower-case hex. */
export type PolicyPublished = {
  readonly type: "PolicyPublished";
  readonly revision: number;
  /** SHA-256 of the text, unsalted: policy text is no secret and an auditor compares it. */
  readonly documentDigest: string;
  /** Salted digest that the text is stored under. */
  readonly contentDigest: string;
  readonly publisher: PrincipalRef | undefined;
  readonly timeMs: number;
};

/** A revision came into force. */
export type PolicyActivated = {
  readonly type: "PolicyActivated";
  readonly revision: number;
  readonly activator: PrincipalRef | undefined;
  readonly timeMs: number;
};

export type PolicyEvent = PolicyPublished | PolicyActivated;
