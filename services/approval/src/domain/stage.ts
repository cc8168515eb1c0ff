import type { SignIn } from "./principal.ts";

/** Names people who may vote. */
export type Selector =
  | { readonly kind: "group"; readonly name: string }
  /** A person's id in the directory, or `<issuer>#<id>` of one of its principals. */
  | { readonly kind: "person"; readonly id: string }
  | { readonly kind: "on_call"; readonly schedule: string }
  /** The manager of the human behind the request. */
  | { readonly kind: "requester_manager" };

export type AtLeast = { readonly kind: "at_least"; readonly count: number; readonly of: readonly Selector[] };

/** Approvals that a stage needs. One human counts for one `at_least` of it only. */
export type Quorum = AtLeast | { readonly kind: "all" | "any"; readonly of: readonly Quorum[] };

/** Who is asked as well when nobody has decided. */
export type Escalation = { readonly afterSeconds: number; readonly to: readonly Selector[] };

/** One step of a review with its own quorum. */
export type Stage = {
  readonly name: string;
  readonly quorum: Quorum;
  /** In words, for people. */
  readonly quorumText: string;
  readonly distinctTeams: boolean;
  readonly seconds: number;
  /** Seconds after its opening, ascending. */
  readonly reminderSeconds: readonly number[];
  readonly escalation: Escalation | undefined;
  readonly onTimeout: "deny" | "hold" | "escalate";
  readonly mode: "four_eyes" | "confirm";
  readonly approveNeedsReason: boolean;
  readonly leastSignIn: SignIn;
};

/** What people may do in a review, beside voting. */
export type ReviewTerms = {
  /** JSON: from the name of a member of the action's properties to the JSON Schema of what it may become. Empty: nothing may be edited. */
  readonly editable: string;
  readonly ownerMayApprove: boolean;
  /** Who may approve alone in an emergency; undefined: nobody. */
  readonly breakGlass: BreakGlassTerms | undefined;
};

/** `requester`: also the human who asked, or whom the requester acts for, or its owner. */
export type BreakGlassTerms = { readonly groups: readonly string[]; readonly requester: boolean };

/** Points of risk, with the reason for them. */
export type RiskPoint = { readonly points: number; readonly reason: string };

/** Every `at_least` in it. */
export function leavesOf(quorum: Quorum): readonly AtLeast[] {
  return quorum.kind === "at_least" ? [quorum] : quorum.of.flatMap(leavesOf);
}
