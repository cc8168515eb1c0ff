import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Approve,
  ann,
  bob,
  cid,
  dan,
  exporter,
  hex,
  HOUR,
  MINUTE,
  offer,
  operation,
  owner,
  POLICY_DIGEST,
  principal,
  ref,
  SHOWN,
  sponsor,
  stage,
  standing,
  T0,
  TOKEN_DIGEST,
  verdict,
  voterNow,
} from "../testing/fixtures.ts";
import { Step, type Model, type Real } from "../testing/lifecycle-model.ts";
import type { Judgement } from "./commands.ts";
import type { Principal } from "./principal.ts";
import { initialState } from "./state.ts";
import type { Verdict } from "./values.ts";

const HUMANS = [ann, bob, cid, dan, principal("eve", { groups: ["sales"] })];
const FORBIDDEN: readonly Principal[] = [
  exporter,
  sponsor,
  owner,
  principal("exporter", { groups: ["oncall", "managers"] }),
  principal("other", { type: "agent", groups: ["oncall", "managers"] }),
  principal("ci", { type: "service", groups: ["oncall", "managers"] }),
  { ...bob, chain: [ref("copilot")] },
];

const reviewVerdict = fc
  .array(fc.record({ groups: fc.constantFrom(["oncall"], ["managers"], ["oncall", "managers"]), quorum: fc.integer({ min: 1, max: 2 }) }), {
    minLength: 1,
    maxLength: 2,
  })
  .map((stages) => verdict("review", { stages: stages.map(({ groups, quorum }, index) => stage(groups, quorum, { name: `s${index}` })) }));
const anyVerdict = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(verdict("allow"), verdict("deny")) },
  { weight: 6, arbitrary: reviewVerdict },
);

function judged(what: Verdict, at: number, digest: string): Judgement {
  const result = { verdict: what, policyDigest: POLICY_DIGEST, digest };
  return what.outcome === "allow" ? { ...result, outcome: "allow", grant: offer(at) } : { ...result, outcome: what.outcome };
}

const shown = (model: Model, { state }: Real) => ({ at: model.now, digest: model.digest ?? hex(0), version: state.version, shown: SHOWN });
const speaks = (reviewer: Principal) => ({ reviewer, standings: [standing(reviewer)], strangers: [] });
const voters = HUMANS.map((human) => voterNow(human));
const signed = { reason: undefined, keyId: "key-1", signature: hex(0x51), readingSeconds: 0 };

const approval = (model: Model, real: Real, reviewer: Principal): Approve => ({
  type: "CastVote",
  ...shown(model, real),
  ...speaks(reviewer),
  ...signed,
  decision: "approve",
  grant: offer(model.now),
  voters,
});

const commands = [
  anyVerdict.map(
    (what) =>
      new Step(`request ${what.outcome}`, ({ now: at }) => ({
        type: "RequestAction",
        at,
        requester: exporter,
        operation,
        input: hex(1),
        deadline: at + 24 * HOUR,
        judgement: judged(what, at, hex(0xd1)),
        strangers: [],
      })),
  ),
  fc.constant(
    new Step("request, no verdict", ({ now: at }) => ({
      type: "RequestAction",
      at,
      requester: exporter,
      operation,
      input: hex(1),
      deadline: at + 24 * HOUR,
      judgement: undefined,
      strangers: [],
    })),
  ),
  anyVerdict.map(
    (what) =>
      new Step(`verdict ${what.outcome}`, ({ now: at }) => ({
        type: "ReachVerdict",
        at,
        judgement: judged(what, at, hex(0xd1)),
        strangers: [],
      })),
  ),
  fc
    .constantFrom(exporter, { ...exporter, chain: [] }, ...HUMANS)
    .map(
      (caller) =>
        new Step(`${caller.id} asks again`, ({ now: at, digest = hex(0) }) => ({ type: "JoinReview", at, caller, digest, input: hex(1) })),
    ),
  // Twice, so that every second review or so comes to its end.
  ...Array.from({ length: 2 }, () =>
    fc.constantFrom(...HUMANS).map((reviewer) => new Step(`${reviewer.id} approves`, (model, real) => approval(model, real, reviewer))),
  ),
  fc
    .constantFrom(...FORBIDDEN)
    .map(
      (reviewer) =>
        new Step(`forbidden ${reviewer.id} approves`, (model, real) => approval(model, real, reviewer), ["SELF_APPROVAL", "NOT_HUMAN"]),
    ),
  fc
    .constantFrom(ann, bob)
    .map(
      (reviewer) =>
        new Step(`${reviewer.id} approves a stale digest`, (model, real) => ({ ...approval(model, real, reviewer), digest: hex(0xee) }), [
          "STALE_DIGEST",
          "NOT_ELIGIBLE",
          "SELF_APPROVAL",
          "ALREADY_VOTED",
        ]),
    ),
  fc
    .constantFrom(ann, bob)
    .map(
      (reviewer) =>
        new Step(
          `${reviewer.id} rejects on a stale version`,
          (model, real) => ({ type: "CastVote", ...shown(model, real), version: 0, ...speaks(reviewer), ...signed, decision: "reject" }),
          ["STALE_VERSION", "NOT_ELIGIBLE"],
        ),
    ),
  // Few forms, so that an edit may bring back one that was voted on before.
  fc.tuple(fc.constantFrom(...HUMANS), anyVerdict, fc.integer({ min: 0, max: 2 })).map(
    ([reviewer, what, form]) =>
      new Step(`${reviewer.id} edits to form ${form}: ${what.outcome}`, (model, real) => ({
        type: "EditAction",
        ...shown(model, real),
        ...speaks(reviewer),
        reason: undefined,
        input: hex(1 + form),
        judgement: judged(what, model.now, hex(0xd1 + form)),
      })),
  ),
  fc.constantFrom(...HUMANS).map(
    (reviewer) =>
      new Step(`${reviewer.id} rejects`, (model, real) => ({
        type: "CastVote",
        ...shown(model, real),
        ...speaks(reviewer),
        ...signed,
        decision: "reject",
      })),
  ),
  fc.constantFrom(exporter, exporter, exporter, ann).map(
    (caller) =>
      new Step(`${caller.id} accepts the edit`, ({ now: at, digest }) => ({
        type: "AcceptEdit",
        at,
        caller,
        digest: digest ?? hex(0),
        grant: offer(at),
        strangers: [],
      })),
  ),
  fc
    .constantFrom(exporter, ann)
    .map((caller) => new Step(`${caller.id} cancels`, ({ now: at }) => ({ type: "CancelAction", at, caller, reason: undefined }))),
  fc.constantFrom(exporter, exporter, ann).map(
    (caller) =>
      new Step(`${caller.id} redeems`, ({ now: at, digest }) => ({
        type: "RedeemGrant",
        at,
        caller,
        tokenDigest: TOKEN_DIGEST,
        digest: digest ?? hex(0),
        reportDeadline: at + HOUR,
      })),
  ),
  fc.constantFrom("succeeded" as const, "failed" as const).map(
    (outcome) =>
      new Step(`reports ${outcome}`, ({ now: at }) => ({
        type: "ReportExecution",
        at,
        caller: exporter,
        outcome,
        outputDigest: "",
        message: undefined,
        sameMessage: true,
      })),
  ),
  // Votes count as if nobody had said a word: the model knows of none of these.
  fc
    .tuple(fc.constantFrom(...HUMANS, exporter, sponsor), fc.constantFrom("remark", "question", "answer"), fc.integer({ min: 0, max: 3 }))
    .map(
      ([author, kind, question]) =>
        new Step(`${author.id} writes: ${kind} ${question}`, ({ now: at }) => ({
          type: "AddComment",
          at,
          author,
          standings: author.type === "human" ? [standing(author)] : [],
          kind,
          text: hex(3),
          question,
        })),
    ),
  fc
    .constantFrom(...HUMANS)
    .map((reviewer) => new Step(`${reviewer.id} claims`, ({ now: at }) => ({ type: "ClaimReview", at, ...speaks(reviewer) }))),
  fc
    .constantFrom(ann, bob)
    .map((reviewer) => new Step(`${reviewer.id} releases`, ({ now: at }) => ({ type: "ReleaseReview", at, reviewer }))),
  fc
    .constantFrom("TendReview" as const, "ExpireGrant" as const, "MarkUnreported" as const)
    .map((type) => new Step(type, ({ now: at }) => ({ type, at }))),
  fc.integer({ min: 0, max: 40 }).map(
    (minutes) =>
      new Step(`${minutes} minutes pass`, (model) => {
        model.now += minutes * MINUTE;
        return { type: "TendReview", at: 0 };
      }),
  ),
];

describe("P1 P2 P3: the lifecycle, whatever is commanded in whatever order", () => {
  it("issues no grant without a verdict or quorum, redeems once, leaves the ended alone, refuses self-approval and the stale", () => {
    const start = () => ({
      model: {
        now: T0,
        digest: undefined,
        verdict: undefined,
        approvals: new Map(),
        openStage: 0,
        editors: new Set<string>(),
        accepted: true,
      },
      real: { state: initialState, events: [] },
    });
    let granted = 0;
    let used = 0;
    let talked = 0;
    fc.assert(
      fc.property(fc.commands(commands, { size: "+1" }), (steps) => {
        const run = start();
        fc.modelRun(() => run, steps);
        const { events } = run.real as Real;
        granted += events.some((event) => event.type === "GrantIssued" && events.some((other) => other.type === "VoteCast")) ? 1 : 0;
        talked += events.some((event) => event.type === "VoteCast") && events.some((event) => event.type === "CommentAdded") ? 1 : 0;
        used += events.some((event) => event.type === "GrantRedeemed") ? 1 : 0;
      }),
      { numRuns: 1500 },
    );
    // The runs must reach what the invariants are about.
    expect(Math.min(granted, used, talked)).toBeGreaterThan(10);
  });
});
