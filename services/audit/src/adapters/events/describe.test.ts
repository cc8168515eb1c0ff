import { decodeEvent, EVENT_SCHEMAS } from "@countersign/events";
import type { NewEvent } from "@countersign/event-log";
import { AfterReviewFinding, CommentKind, ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { ExportFormat } from "@countersign/proto/v1/export_format_pb";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { LapseCause } from "@countersign/proto/event/v1/action_events_pb";
import { agent, event, EVENTS, person, reference, stage, START } from "../../testing/events.ts";
import { describeEvent, type Words } from "./describe.ts";

const digest = new Uint8Array(32).fill(7);
const deadline = timestampFromMs(START + 3_600_000);
/** As reviews show it: nothing is hidden. */
const SAID = String.raw`looks \u{1b}[31mfine\u{1b}[0m\nto me`;
const said: Words = { text: "looks \u001b[31mfine\u001b[0m\nto me" };
const line = (recorded: NewEvent, words: Words = said): string => describeEvent(decodeEvent(recorded), () => words);

const account = { channel: "slack", workspace: "T1", id: "U1" };
const DIRECTORY_LINES: readonly (readonly [string, NewEvent])[] = [
  ["person p came into the directory, switched off", event("PersonProvisioned", { personId: "p" })],
  ["the profile of person p changed", event("PersonChanged", { personId: "p" })],
  ["person p was removed", event("PersonDeactivated", { personId: "p", removed: true })],
  ["person p was switched on again", event("PersonReactivated", { personId: "p" })],
  ["group g is called SRE", event("GroupChanged", { groupId: "g", name: "SRE" })],
  ["group g was removed", event("GroupRemoved", { groupId: "g" })],
  ["group g: p joined, nobody left", event("MembersChanged", { groupId: "g", added: ["p"] })],
  ["a code was shown to slack account T1/U1", event("LinkOffered", { account })],
  ["slack account T1/U1 is person p's", event("AccountLinked", { account, personId: "p" })],
  ["slack account T1/U1 is no longer person p's", event("AccountUnlinked", { account, personId: "p" })],
  ["person q may decide in the place of p", event("DelegationGranted", { fromPersonId: "p", toPersonId: "q" })],
  ["delegation d was revoked", event("DelegationRevoked", { delegationId: "d" })],
  ["person p is back", event("AwaySet", { personId: "p" })],
];

const LINES: readonly (readonly [string, NewEvent])[] = [
  ["agent exporter asked for db.export on db crm, for agent exporter", EVENTS.requested()],
  ["policy revision 3 answered review by rule exports: personal data", EVENTS.verdict(VerdictOutcome.REVIEW)],
  ["policy revision 3 answered deny by rule exports: personal data", EVENTS.verdict(VerdictOutcome.DENY)],
  ["policy answered allow", event("VerdictReached", { verdict: { outcome: VerdictOutcome.ALLOW } })],
  ["policy answered nothing that is known", event("VerdictReached", {})],
  [
    "people are asked, until 2026-01-01T01:00:00.000Z: 2 of dba, sre (owners), then 1 of security",
    EVENTS.opened([stage(["dba", "sre"], 2, "owners"), stage(["security"])]),
  ],
  ["stage 2 of the review opened, until 2026-01-01T01:00:00.000Z", EVENTS.stageOpened(1)],
  ["human ann approved", EVENTS.voted("ann")],
  [
    "human ann approved, 2 s after being asked (reading it takes 9 s)",
    event("VoteCast", {
      reviewer: person("ann"),
      decision: VoteDecision.APPROVE,
      haste: { availableSeconds: 2, neededSeconds: 9 },
    }),
  ],
  ["its requester asked for it for the 3. time, and joined the open review", event("ReviewJoined", { number: 3, input: { digest } })],
  [`human ann rejected: "${SAID}"`, event("VoteCast", { reviewer: person("ann"), decision: VoteDecision.REJECT, reason: { digest } })],
  ["the vote of ann lapsed, as the action was edited", EVENTS.lapsed("ann")],
  [
    "the vote of ann lapsed, as the reviewer is not eligible any more",
    event("VoteLapsed", { reviewer: person("ann"), cause: LapseCause.NOT_ELIGIBLE }),
  ],
  [
    "human ann approved in the place of 0194",
    event("VoteCast", { reviewer: person("ann"), decision: VoteDecision.APPROVE, standing: { inPlaceOf: { person: "0194" } } }),
  ],
  [`human ann edited the parameters: "${SAID}"`, EVENTS.edited("ann")],
  ["reviewers were reminded, for the 2. time", event("ReviewerReminded", { number: 2 })],
  ["ann, who is looking at it, was reminded, for the 2. time", event("ReviewerReminded", { number: 2, claimedBy: reference("ann") })],
  [
    `human ann asks (comment 1, which decides nothing): "${SAID}"`,
    event("CommentAdded", { author: person("ann"), number: 1, kind: CommentKind.QUESTION, text: { digest } }),
  ],
  [
    `agent exporter answers question 1 (comment 2, which decides nothing): "${SAID}"`,
    event("CommentAdded", { author: agent("exporter"), number: 2, kind: CommentKind.ANSWER, question: 1, text: { digest } }),
  ],
  [
    `human ben remarks (comment 3, which decides nothing): "${SAID}"`,
    event("CommentAdded", { author: person("ben"), number: 3, kind: CommentKind.REMARK, text: { digest } }),
  ],
  ["human ann says to be looking at it, until 2026-01-01T01:00:00.000Z", EVENTS.claimed("ann", deadline)],
  ["ann is not looking at it any more", EVENTS.released("ann")],
  ["nobody decided, so others are asked too", event("ReviewEscalated", {})],
  ["nobody decided in time; it waits until somebody does", event("ReviewHeld", {})],
  [
    `human ann approved alone (break-glass), without 2 of dba (owners), then 1 of security: "${SAID}"`,
    event("BreakGlassUsed", {
      reviewer: person("ann"),
      skipped: [
        { stage: 0, name: "owners", quorumText: "2 of dba" },
        { stage: 1, quorumText: "1 of security" },
      ],
      reason: { digest },
    }),
  ],
  ["reviewers were reminded, for the 3. time, that nobody has looked at the break-glass", event("AfterReviewReminded", { number: 3 })],
  [
    `human ann found the break-glass not justified: "${SAID}"`,
    event("AfterReviewClosed", { reviewer: person("ann"), finding: AfterReviewFinding.NOT_JUSTIFIED, reason: { digest } }),
  ],
  ["its requester accepted the edited form", event("EditAccepted", {})],
  ["approved", EVENTS.approved()],
  ["rejected", EVENTS.rejected()],
  ["expired: nobody decided in time", EVENTS.expired()],
  ["taken back by its requester", EVENTS.cancelled()],
  ["grant issued to exporter, until 2026-01-01T01:00:00.000Z", EVENTS.granted()],
  ["grant redeemed by exporter", EVENTS.redeemed()],
  ["grant expired unused", EVENTS.grantExpired()],
  [
    "2 dead letters of audit.actions were handed out again",
    event("DeadLettersReplayed", { consumer: "audit.actions", positions: [3n, 4n] }),
  ],
  [
    `the dead letter of audit.actions at position 3 was given up: "${SAID}"`,
    event("DeadLetterDiscarded", { consumer: "audit.actions", position: 3n, reason: { digest } }),
  ],
  [`grant revoked unused: "${SAID}"`, event("GrantRevoked", { grantId: "g", reason: { digest } })],
  ["execution succeeded", EVENTS.reported()],
  [`execution failed: "${SAID}"`, event("ExecutionReported", { outcome: ExecutionOutcome.FAILED, message: { digest } })],
  ["no report of the execution came in time", EVENTS.unreported()],
  [`2 contents were erased: "${SAID}"`, event("ContentErased", { digests: [digest, digest], reason: { digest } })],
  ["1 contents of person 0194 were erased", event("ContentErased", { digests: [digest], personId: "0194" })],
  ["epoch 2 of the ledger began, as nothing could be signed: rolled back", event("EpochStarted", { epoch: 2n, refusal: "rolled back" })],
  ["1 damaged tiles of epoch 2 were computed again from the entries", event("TilesRepaired", { epoch: 2n, tiles: [{ level: 1 }] })],
  ["an archive was asked for, from the first event, until 2026-01-01T01:00:00.000Z", event("ExportRequested", { to: deadline })],
  [
    `an export (otel-logs) of 3 events was handed out, SHA-256 ${"07".repeat(32)}`,
    event("ExportProduced", { events: 3n, digest, format: ExportFormat.OTEL_LOGS }),
  ],
  [
    "a vote of ann on action a was refused: SELF_APPROVAL",
    event("VoteRefused", { actionId: "a", reviewer: reference("ann"), reason: "SELF_APPROVAL" }),
  ],
  [
    "another report by exporter on action a was refused: one is on record",
    event("ReportRefused", { actionId: "a", reporter: reference("exporter") }),
  ],
  ...DIRECTORY_LINES,
  ["policy revision 4 published", event("PolicyPublished", { revision: 4n })],
  ["policy revision 4 came into force", event("PolicyActivated", { revision: 4n })],
];

describe("a line for people", () => {
  it.each(LINES)("%s", (expected, recorded) => {
    expect(line(recorded)).toBe(expected);
  });

  it("exists for every event there is", () => {
    expect(new Set(LINES.map(([, { type }]) => type))).toEqual(new Set(Object.keys(EVENT_SCHEMAS)));
  });

  it("says what became of words that are gone or not the recorded ones", () => {
    expect(line(EVENTS.edited("ann"), "erased")).toBe("human ann edited the parameters (the words were erased)");
    expect(line(EVENTS.edited("ann"), "altered")).toBe(
      "human ann edited the parameters (the stored words are not the ones that were recorded)",
    );
  });

  it("cuts long words and says how long they were", () => {
    expect(line(EVENTS.edited("ann"), { text: "x".repeat(5000) })).toBe(
      `human ann edited the parameters: "${"x".repeat(200)}… (5000 characters)"`,
    );
  });

  it("makes every name harmless", () => {
    const evil = "a\u001b[2J\u202eb\nc";
    const events = [
      EVENTS.requested({ ...agent(evil), ...reference(evil) }, evil),
      event("VerdictReached", { verdict: { outcome: VerdictOutcome.DENY, rule: evil, reasons: [evil] } }),
      EVENTS.opened([stage([evil], 1, evil)]),
      EVENTS.voted(evil),
      EVENTS.lapsed(evil),
    ];
    for (const recorded of events) expect(line(recorded)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
