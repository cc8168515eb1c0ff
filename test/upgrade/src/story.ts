import { randomUUID } from "node:crypto";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { digestOf, type CountersignClient } from "@countersign/client";
import { approve, approvedBy, refusal, shownTo } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { AfterReviewFinding, CommentKind, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { POLICY } from "./policy.ts";
import type { RunningBuild } from "./running-build.ts";
import { eventually, input } from "./scenes.ts";
import type { SettableDate } from "./settable-date.ts";

const MINUTE = 60_000;

type Cast = {
  readonly agent: CountersignClient;
  readonly owner: CountersignClient;
  readonly second: CountersignClient;
  readonly security: CountersignClient;
};

/** Clients of now: tokens do not outlast a jump of the clock. */
async function cast(build: RunningBuild): Promise<Cast> {
  const [agent, owner, second, security] = [
    await build.as("crm-agent"),
    await build.as("data-owner"),
    await build.as("second-data-owner"),
    await build.as({ ...DEVELOPMENT_PRINCIPALS["security-lead"], mfa: true }),
  ];
  return { agent, owner, second, security };
}

export async function publishPolicy(build: RunningBuild): Promise<void> {
  const admin = await build.as("policy-admin");
  const { revision } = await admin.policies.publishPolicy({ document: POLICY });
  await admin.policies.activatePolicy({ revision: revision?.revision ?? 0n });
}

/** Actions that go every way there is to their end. */
export async function playActions(build: RunningBuild, clock: SettableDate): Promise<void> {
  const { agent, owner, second, security } = await cast(build);
  await agent.requestAction(input("db.drop"));
  const done = await agent.requestAction(input("db.tag.update"));
  await agent.redeem(done.grantToken, done.action.digest);
  await agent.report(done.action.id, { outcome: "succeeded", outputDigest: new Uint8Array(32).fill(1) });
  const report = { actionId: done.action.id, outcome: ExecutionOutcome.SUCCEEDED, outputDigest: new Uint8Array(32).fill(2) };
  await refusal(agent.actions.reportExecution(report));
  await talkedAbout(agent, owner);
  await edited(agent, owner, second);
  await approvedBy(agent, [owner, security], input("db.restore"));
  const { action: rejected } = await agent.requestAction(input("db.export"));
  await owner.reviews.submitVote({ ...(await shownTo(owner, rejected.id)), decision: { case: "reject", value: { reason: "too much" } } });
  const { action: cancelled } = await agent.requestAction(input("db.export"));
  await agent.actions.cancelAction({ actionId: cancelled.id });
  const { action: revoked } = await approvedBy(agent, [owner], input("db.export"));
  await agent.actions.cancelAction({ actionId: revoked.id });
  await erased(build, agent, owner);
  const unreported = await agent.requestAction(input("db.tag.update"));
  await agent.redeem(unreported.grantToken, unreported.action.digest);
  await agent.requestAction(input("db.tag.update"));
  const glass = await brokenGlass(build, agent, security);
  for (const name of ["db.export", "k8s.scale"]) await agent.requestAction(input(name));
  for (const [minutes, type] of JUMPS) {
    clock.advance(minutes * MINUTE);
    await happened(build, type);
  }
  const later = await cast(build);
  const close = { actionId: glass, finding: AfterReviewFinding.JUSTIFIED, reason: "it was full" };
  await later.owner.reviews.closeAfterReview(close);
}

/** What time alone makes happen, and how long after the one before. */
const JUMPS: readonly (readonly [number, string])[] = [
  [11, "ReviewerReminded"],
  [10, "ReviewEscalated"],
  [10, "ReviewHeld"],
  [30, "ActionExpired"],
  [1, "GrantExpired"],
  [24 * 60, "AfterReviewReminded"],
  [1, "ExecutionUnreported"],
];

/** A question, an answer, a claim, a second request for the same, and a vote that is refused. */
async function talkedAbout(agent: CountersignClient, owner: CountersignClient): Promise<void> {
  const asked = input("db.export", { limit: 7 });
  const { action } = await agent.requestAction(asked);
  await agent.requestAction(asked);
  const question = { actionId: action.id, kind: CommentKind.QUESTION, text: "what for?", idempotencyKey: randomUUID() };
  const { comment } = await owner.reviews.addComment(question);
  const answer = { kind: CommentKind.ANSWER, text: "for Bonn", question: comment?.number ?? 0, idempotencyKey: randomUUID() };
  await agent.reviews.addComment({ actionId: action.id, ...answer });
  await owner.reviews.claimReview({ actionId: action.id });
  await owner.reviews.releaseReview({ actionId: action.id });
  const own = await owner.requestAction({ ...input("db.export"), subject: { type: "user", id: "data-owner" } });
  await refusal(approve(owner, own.action.id));
  await approve(owner, action.id, "looks right");
}

/** One has approved when the other makes it smaller. */
async function edited(agent: CountersignClient, owner: CountersignClient, second: CountersignClient): Promise<void> {
  const asked = input("db.purge", { limit: 100 });
  const { action } = await agent.requestAction(asked);
  await approve(second, action.id);
  const shown = await shownTo(owner, action.id);
  const smaller = { ...asked.action.properties, limit: 5 };
  await owner.reviews.submitVote({ ...shown, decision: { case: "edit", value: { properties: smaller, reason: "less" } } });
  const { action: waiting } = await agent.waitForDecision(action.id);
  await agent.acceptEdit(action.id, digestOf(waiting, { ...asked, action: { ...asked.action, properties: smaller } }));
  await approve(second, action.id);
}

async function erased(build: RunningBuild, agent: CountersignClient, owner: CountersignClient): Promise<void> {
  const { action, grantToken } = await approvedBy(agent, [owner], input("db.export"));
  await agent.redeem(grantToken, action.digest);
  await agent.report(action.id, { outcome: "failed", message: "no disk" });
  const officer = await build.as("privacy-officer");
  await officer.actions.eraseContent({ actionId: action.id, reason: "article 17" });
}

async function brokenGlass(build: RunningBuild, agent: CountersignClient, security: CountersignClient): Promise<string> {
  const { action } = await agent.requestAction(input("db.purge"));
  await approve(await build.as("data-owner"), action.id);
  await security.reviews.breakGlass({ ...(await shownTo(security, action.id)), reason: "the disk is full, and nobody answers" });
  return action.id;
}

async function happened(build: RunningBuild, type: string): Promise<void> {
  await eventually(`${type} is in the log`, async () => (await typesOf(build)).has(type));
}

/** The types of events that the ledger holds. */
export async function typesOf({ runtime }: RunningBuild): Promise<ReadonlySet<string>> {
  const { rows } = await runtime.database.pool.query<{ type: string }>("select distinct type from event_log.event");
  return new Set(rows.map(({ type }) => type));
}

/** Actions that stay where they are, for another build to go on with. */
export type OpenEnds = {
  readonly requested: string;
  readonly inReview: string;
  readonly halfApproved: string;
  readonly willExpire: string;
  readonly approved: string;
  readonly redeemed: string;
  readonly reported: string;
  /** The key and the input of a request that is repeated. */
  readonly repeated: { readonly key: string; readonly input: ReturnType<typeof input>; readonly actionId: string };
};

/** @param silencePolicy from then on policy does not answer. */
export async function leaveOpenEnds(build: RunningBuild, silencePolicy: () => void): Promise<OpenEnds> {
  const { agent, owner } = await cast(build);
  const inReview = await agent.requestAction(input("db.export"));
  const willExpire = await agent.requestAction(input("db.export"));
  const half = await agent.requestAction(input("db.restore"));
  await approve(owner, half.action.id);
  const approved = await approvedBy(agent, [owner], input("db.export"));
  const redeemed = await agent.requestAction(input("db.tag.update"));
  await agent.redeem(redeemed.grantToken, redeemed.action.digest);
  const reported = await agent.requestAction(input("db.tag.update"));
  await agent.redeem(reported.grantToken, reported.action.digest);
  await agent.report(reported.action.id, { outcome: "succeeded" });
  const repeated = { key: randomUUID(), input: input("db.tag.update") };
  const { action } = await agent.requestAction(repeated.input, { idempotencyKey: repeated.key });
  silencePolicy();
  const requested = await agent.requestAction(input("db.tag.update"));
  return {
    requested: requested.action.id,
    inReview: inReview.action.id,
    halfApproved: half.action.id,
    willExpire: willExpire.action.id,
    approved: approved.action.id,
    redeemed: redeemed.action.id,
    reported: reported.action.id,
    repeated: { ...repeated, actionId: action.id },
  };
}

/** A moment so many minutes from now. */
export const inMinutes = (minutes: number) => timestampFromMs(Date.now() + minutes * MINUTE);
