import { LEDGER_OPERATOR, TENANT_ROLES } from "@countersign/identity";

/** Roles at Countersign, as tokens name them. */
export const ROLES = [...TENANT_ROLES, LEDGER_OPERATOR] as const;
export type Role = (typeof ROLES)[number];

/** Who may call what: one of the roles, or `everyone` with a good token. What one may then see of an action is for the service behind. */
export const ACCESS = {
  RequestAction: ["requester"],
  RequestAndWatch: ["requester"],
  EvaluateAction: ["requester"],
  AcceptEdit: ["requester"],
  CancelAction: ["requester"],
  RedeemGrant: ["executor"],
  ReportExecution: ["executor"],
  GetAction: TENANT_ROLES,
  WatchAction: TENANT_ROLES,
  ListActions: TENANT_ROLES,
  GetGrantKeys: "everyone",
  EraseContent: ["privacy_officer"],

  ListReviews: ["reviewer"],
  GetReview: ["reviewer", "auditor", "operator"],
  SubmitVote: ["reviewer"],
  BreakGlass: ["reviewer"],
  CloseAfterReview: ["reviewer"],
  // Which of them may write on this one, `approval` knows: an agent has no other role than requester.
  AddComment: ["reviewer", "requester"],
  ClaimReview: ["reviewer"],
  ReleaseReview: ["reviewer"],

  PublishPolicy: ["policy_admin"],
  ActivatePolicy: ["policy_admin"],
  TestPolicy: ["policy_admin"],
  BacktestPolicy: ["policy_admin"],
  GetPolicy: ["policy_admin", "auditor", "reviewer"],
  ListPolicyRevisions: ["policy_admin", "auditor", "reviewer"],

  GetMe: "everyone",
  CreateDelegation: ["reviewer"],
  RevokeDelegation: ["reviewer", "operator"],
  ListDelegations: ["reviewer", "auditor", "operator"],
  SetAway: ["reviewer"],
  GetLinkOffer: ["reviewer"],
  LinkAccount: ["reviewer"],
  UnlinkAccount: ["reviewer"],
  ErasePerson: ["privacy_officer"],

  StreamEvents: ["auditor", "operator"],
  GetTimeline: ["auditor", "operator"],
  Export: ["auditor"],
  GetReport: ["auditor"],
  ListDeadLetters: ["operator"],
  GetDeadLetter: ["operator"],
  ReplayDeadLetters: ["operator"],
  DiscardDeadLetter: ["operator"],
  GetCheckpoint: "everyone",
  GetProof: TENANT_ROLES,

  // On the whole ledger, whosever events are in it. What they answer is positions, counts and hashes, no tenant and no content.
  Fsck: [LEDGER_OPERATOR],
  RebuildProjection: [LEDGER_OPERATOR],
  StartEpoch: [LEDGER_OPERATOR],

  ListNotifiers: ["operator"],
  ListDeliveries: ["operator"],
  RetryDeliveries: ["operator"],
} as const satisfies Readonly<Record<string, readonly Role[] | "everyone">>;

export type RpcName = keyof typeof ACCESS;

/** The roles of which one is needed; empty when none is. */
export function rolesFor(rpc: RpcName): readonly Role[] {
  const needed: readonly Role[] | "everyone" = ACCESS[rpc];
  return needed === "everyone" ? [] : needed;
}

/** Whether a principal with these roles may call it. */
export function mayCall(rpc: RpcName, roles: readonly string[]): boolean {
  const needed = rolesFor(rpc);
  return needed.length === 0 || needed.some((role) => roles.includes(role));
}
