import { decodeEvent, EVENT_SCHEMAS } from "@countersign/events";
import type { NewEvent } from "@countersign/event-log";
import { ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { LapseCause } from "@countersign/proto/event/v1/action_events_pb";
import { agent, event, EVENTS, person, reference, stage } from "../../testing/events.ts";
import { describeEvent, type Words } from "./describe.ts";

const digest = new Uint8Array(32).fill(7);
/** As reviews show it: nothing is hidden. */
const SAID = String.raw`looks \u{1b}[31mfine\u{1b}[0m\nto me`;
const said: Words = { text: "looks \u001b[31mfine\u001b[0m\nto me" };
const line = (recorded: NewEvent, words: Words = said): string => describeEvent(decodeEvent(recorded), () => words);

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
  ["nobody decided, so others are asked too", event("ReviewEscalated", {})],
  ["nobody decided in time; it waits until somebody does", event("ReviewHeld", {})],
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
