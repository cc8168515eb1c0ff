import { describe, expect, it } from "vitest";
import {
  ann,
  approveBy,
  breakGlassBy,
  cid,
  closeBy,
  editBy,
  exporter,
  inReview,
  opened,
  principal,
  reached,
  ref,
  rejectBy,
  requested,
  stage,
  TERMS,
  verdict,
} from "../testing/fixtures.ts";
import { given } from "../testing/given.ts";
import type { ActionEvent } from "./events.ts";
import type { Principal } from "./principal.ts";
import type { Verdict } from "./values.ts";

const eve = principal("eve", { groups: ["security"], signIn: "mfa" });
const breakGlass = { groups: ["security"], requester: false };
const review = verdict("review", { terms: { ...TERMS, breakGlass } });

function askedBy(requester: Principal, what: Verdict = review): readonly ActionEvent[] {
  return [{ ...requested, requester }, reached(what), opened(what)];
}

describe("P3: while nobody knows a human who caused it, nobody's approval counts", () => {
  it.each<[string, Principal, string, readonly string[]]>([
    ["the agent's owner", exporter, "owner", ["owner"]],
    ["whom the agent acts for", exporter, "sponsor", ["acting_for"]],
    ["a human requester", principal("exporter"), "exporter", ["requester"]],
    ["a human in the chain", { ...exporter, chain: [{ ...ref("helpdesk"), type: "human" }, ref("sponsor")] }, "helpdesk", ["acting_for"]],
  ])("%s", (_who, requester, stranger, parts) => {
    const strangers = [ref(stranger)];
    const history = given(...askedBy(requester));
    history.when(approveBy(ann, { strangers })).thenRefused("CAUSER_UNKNOWN");
    history.when(approveBy(ann, { strangers })).thenNames(...parts);
    history.when(editBy(ann, verdict("allow"), { strangers })).thenRefused("CAUSER_UNKNOWN");
    history.when(breakGlassBy(eve, { strangers })).thenRefused("CAUSER_UNKNOWN");
    expect(history.when(rejectBy(ann, { strangers })).events().at(-1)?.type).toBe("ActionRejected");
    expect(history.when(approveBy(ann)).events().at(-1)?.type).toBe("GrantIssued");
  });

  it("also in somebody's place, and for the last of several approvals", () => {
    const two = verdict("review", { stages: [stage(["oncall"], 1), stage(["managers"], 1)] });
    const once = given(...inReview(two))
      .when(approveBy(ann))
      .events();
    given(...once)
      .when(approveBy(cid, { version: 5, strangers: [ref("owner")] }))
      .thenRefused("CAUSER_UNKNOWN");
  });

  it("what keeps somebody from deciding anyway is said first", () => {
    given(...inReview(review))
      .when(approveBy(principal("owner", { groups: ["oncall"] }), { strangers: [ref("owner")] }))
      .thenRefused("SELF_APPROVAL");
    given(...inReview(review))
      .when(approveBy(principal("max"), { strangers: [ref("owner")] }))
      .thenRefused("NOT_ELIGIBLE");
  });

  it("an after-review: nobody finds it justified, anybody who is asked finds it not", () => {
    const broken = given(...inReview(review))
      .when(breakGlassBy(eve))
      .events();
    const strangers = [ref("owner")];
    given(...broken)
      .when(closeBy(ann, { strangers }))
      .thenRefused("CAUSER_UNKNOWN");
    expect(
      given(...broken)
        .when(closeBy(ann, { strangers, finding: "not_justified" }))
        .events()
        .map(({ type }) => type),
    ).toContain("AfterReviewClosed");
  });
});

describe("who is barred from nothing need not be known", () => {
  const strangers = [ref("owner"), ref("sponsor"), ref("copilot")];
  it.each<[string, Principal, Verdict]>([
    ["where policy lets the owner approve", { ...exporter, chain: [] }, verdict("review", { terms: { ...TERMS, ownerMayApprove: true } })],
    ["in a stage that only confirms", exporter, verdict("review", { stages: [stage(["oncall"], 1, { mode: "confirm" })] })],
    ["a program in the chain", { ...exporter, owner: undefined, chain: [{ ...ref("copilot"), type: "agent" }] }, review],
    ["a program of nobody", { ...exporter, owner: undefined, chain: [], id: "copilot" }, review],
  ])("%s", (_what, requester, what) => {
    const decided = given(...askedBy(requester, what)).when(approveBy(ann, { strangers }));
    expect(decided.events().at(-1)?.type).toBe("GrantIssued");
  });

  it("break-glass where policy trusts those who caused it that far", () => {
    const trusting = verdict("review", { terms: { ...TERMS, breakGlass: { ...breakGlass, requester: true } } });
    const decided = given(...inReview(trusting)).when(breakGlassBy(eve, { strangers: [ref("owner")] }));
    expect(decided.events().map(({ type }) => type)).toContain("BreakGlassUsed");
  });
});
