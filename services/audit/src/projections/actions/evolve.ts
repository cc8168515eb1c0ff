import { UNREQUESTED, type ActionState, type ActionStatus } from "./action-state.ts";
import type { ActionFact, PlacedFact } from "./fact.ts";
import { principalKey } from "./principal-key.ts";

/** The action after one more fact. The past is accepted as it is: this never throws and never judges. */
export function evolve(state: ActionState | undefined, placed: PlacedFact): ActionState {
  const before = state ?? { ...UNREQUESTED, requestPosition: placed.position, requestTime: placed.time };
  return apply({ ...before, version: placed.version, updateTime: placed.time }, placed);
}

function apply(state: ActionState, { fact }: PlacedFact): ActionState {
  switch (fact.type) {
    case "ActionRequested":
      return {
        ...state,
        actionName: fact.actionName,
        resourceType: fact.resourceType,
        resourceId: fact.resourceId,
        requester: fact.requester,
        owner: fact.owner,
      };
    case "VerdictReached":
      // Allow and review are followed by the events that carry them out; a denial is complete with its verdict.
      return { ...state, ...(fact.denied ? { status: "DENIED" } : {}), ownerMayApprove: fact.ownerMayApprove };
    case "ReviewOpened":
      return opened(state, fact);
    case "StageOpened":
      return { ...state, openStage: fact.stage, deadline: fact.deadline, claim: null };
    case "ReviewEscalated":
      return { ...state, escalated: [...new Set([...state.escalated, fact.stage])], deadline: fact.deadline };
    case "ReviewHeld":
      return { ...state, deadline: null };
    case "ReviewJoined":
      return { ...state, asked: fact.number };
    case "VoteCast":
      return voted(state, fact);
    case "ReviewClaimed":
      return state.status === "IN_REVIEW" ? { ...state, claim: { ...fact.reviewer, until: fact.until } } : state;
    case "ClaimReleased":
      return { ...state, claim: null };
    case "VoteLapsed":
      return { ...state, votes: state.votes.filter((vote) => vote.reviewer !== fact.reviewer) };
    case "ActionEdited": {
      const editors = [...new Set([...state.editors, ...fact.editor])];
      return { ...state, status: "EDITED", deadline: fact.deadline, editors, claim: null };
    }
    case "BreakGlassUsed":
      return { ...state, afterReview: fact.reviewer };
    case "AfterReviewClosed":
      return { ...state, afterReview: null };
    case "CommentAdded":
    case "ReviewerReminded":
    case "AfterReviewReminded":
    case "EditAccepted":
    case "GrantIssued":
    case "ContentErased":
      return state;
    case "ActionApproved":
    case "ActionRejected":
    case "ActionExpired":
    case "ActionCancelled":
    case "GrantRedeemed":
    case "GrantExpired":
    case "GrantRevoked":
    case "ExecutionUnreported":
      return { ...state, status: STATUS_AFTER[fact.type] };
    case "ExecutionReported":
      return { ...state, status: fact.succeeded ? "SUCCEEDED" : "FAILED" };
  }
}

const STATUS_AFTER = {
  ActionApproved: "APPROVED",
  ActionRejected: "REJECTED",
  ActionExpired: "EXPIRED",
  ActionCancelled: "CANCELLED",
  GrantRedeemed: "REDEEMED",
  GrantExpired: "GRANT_EXPIRED",
  GrantRevoked: "REVOKED",
  ExecutionUnreported: "UNREPORTED",
} as const satisfies Partial<Record<ActionFact["type"], ActionStatus>>;

function opened(state: ActionState, { stages, deadline }: Extract<ActionFact, { type: "ReviewOpened" }>): ActionState {
  return { ...state, status: "IN_REVIEW", stages, openStage: 0, escalated: [], deadline, votes: [], claim: null };
}

/** Who has voted is not looking any more. */
function voted(state: ActionState, { reviewer, principals, approves, stage }: Extract<ActionFact, { type: "VoteCast" }>): ActionState {
  const claim = state.claim !== null && principalKey(state.claim) === reviewer ? null : state.claim;
  return { ...state, votes: [...state.votes, { reviewer, principals, approves, stage }], claim };
}
