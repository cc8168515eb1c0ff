import type { DescField } from "@bufbuild/protobuf";
import { EVENT_SCHEMAS, type EventType } from "@countersign/events";
import { BreakGlassUsedSchema, VerdictReachedSchema, VoteCastSchema } from "@countersign/proto/event/v1/action_events_pb";
import { VerdictSchema, VoteDecision } from "@countersign/proto/v1/action_pb";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { refFields } from "../content-refs.ts";
import type { PayloadPlan, Plans, VotePlan } from "./payload-plan.ts";
import { Asks } from "./segment-facts.ts";

/** What an event asks of its stream, and the names of its fields with the digest and the time that it names. */
type Saying = { readonly asks: number; readonly digest?: string; readonly end?: string };

const deadline: Saying = { asks: Asks.setsDeadline, end: "deadline" };
const digest: Saying = { asks: Asks.sameDigest, digest: "digest" };
const vote: Saying = { asks: Asks.sameDigest | Asks.beforeDeadline, digest: "digest" };

const SAYINGS: Readonly<Partial<Record<EventType, Saying>>> = {
  ActionRequested: { asks: Asks.dropsInput },
  ActionEdited: { asks: Asks.dropsInput | Asks.sameDigest | Asks.setsDeadline, digest: "previousDigest", end: "deadline" },
  VerdictReached: { asks: Asks.dropsInput | Asks.setsDigest, digest: "digest" },
  ReviewOpened: deadline,
  StageOpened: deadline,
  ReviewEscalated: deadline,
  ReviewHeld: { asks: Asks.setsDeadline },
  ReviewJoined: digest,
  VoteCast: vote,
  BreakGlassUsed: vote,
  ActionApproved: digest,
  ActionRejected: digest,
  GrantIssued: { asks: Asks.sameDigest | Asks.setsExpiry, digest: "digest", end: "expireTime" },
  GrantRedeemed: { asks: Asks.beforeExpiry },
  ActionExpired: { asks: Asks.dropsInput },
  ActionCancelled: { asks: Asks.dropsInput },
};

/** From the descriptors: an event that is new and says nothing that is checked needs no change here. */
const PAYLOADS: ReadonlyMap<string, PayloadPlan> = new Map(
  Object.entries(EVENT_SCHEMAS).map(([name, schema]): [string, PayloadPlan] => {
    const type = name as EventType;
    const fields: readonly DescField[] = schema.fields;
    const numberOf = (field: string | undefined): number => {
      if (field === undefined) return 0;
      const found = fields.find(({ localName }) => localName === field);
      if (found === undefined) throw new RangeError(`${type} has no field ${field}`);
      return found.number;
    };
    const saying: Saying = SAYINGS[type] ?? { asks: 0 };
    const refs = refFields(type);
    if (refs.some(({ fieldKind }) => fieldKind === "list")) throw new RangeError(`${type} refers to contents in a list`);
    return [
      type,
      {
        type,
        asks: saying.asks,
        digest: numberOf(saying.digest),
        end: numberOf(saying.end),
        refs: refs.map(({ number }) => number),
      },
    ];
  }),
);

type VoteFields = Readonly<Record<"reviewer" | "digest" | "shownDigest" | "stage" | "keyId" | "signature", { readonly number: number }>>;

function votePlan({ reviewer, digest: digestField, shownDigest, stage, keyId, signature }: VoteFields, decision: number): VotePlan {
  return {
    reviewer: reviewer.number,
    digest: digestField.number,
    shownDigest: shownDigest.number,
    stage: stage.number,
    keyId: keyId.number,
    signature: signature.number,
    decision,
  };
}

export const PLANS: Plans = {
  payloads: PAYLOADS,
  votes: {
    VoteCast: votePlan(VoteCastSchema.field, VoteCastSchema.field.decision.number),
    BreakGlassUsed: votePlan(BreakGlassUsedSchema.field, 0),
  },
  decisions: new Map([
    [VoteDecision.APPROVE, "approve"],
    [VoteDecision.REJECT, "reject"],
  ]),
  verdict: VerdictReachedSchema.field.verdict.number,
  revision: VerdictSchema.field.revision.number,
  bindingContext: VerdictSchema.field.bindingContext.number,
  issuer: PrincipalSchema.field.issuer.number,
  id: PrincipalSchema.field.id.number,
};
