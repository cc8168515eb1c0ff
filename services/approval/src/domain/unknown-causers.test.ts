import { describe, expect, it } from "vitest";
import {
  acceptEdit,
  ann,
  approveBy,
  breakGlassBy,
  cid,
  closeBy,
  editBy,
  exporter,
  inReview,
  judgement,
  later,
  opened,
  principal,
  reached,
  ref,
  rejectBy,
  request,
  requested,
  stage,
  T0,
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

describe("P3: a review opens by one rule, whoever answers when", () => {
  const strangers = [ref("owner"), ref("sponsor")];
  const both = [ref("sponsor"), ref("owner")];
  const trusting = verdict("review", { terms: { ...TERMS, breakGlass: { ...breakGlass, requester: true } } });
  const confirmed = verdict("review", { stages: [stage(["oncall"], 1, { mode: "confirm" }), stage(["oncall"])] });

  it("asked and answered at once, or made of an edit: it is refused, and nothing is recorded", () => {
    for (const what of [review, confirmed])
      given()
        .when(request(judgement(what), { strangers }))
        .thenNames("acting_for", "owner");
    const edited = given(...inReview(review))
      .when(editBy(ann, review))
      .events();
    given(...edited)
      .when(acceptEdit(undefined, later, strangers))
      .thenNames("acting_for", "owner");
    expect(
      given(...edited)
        .when(acceptEdit())
        .events()
        .at(-1),
    ).toMatchObject({ type: "ReviewOpened", unknownCausers: [] });
  });

  it("answered late, what was acknowledged waits on, and says who is not known", () => {
    const late = { type: "ReachVerdict", at: later, strangers } as const;
    const waiting = given(requested);
    waiting.when({ ...late, judgement: judgement(review) }).then(reached(review, later), opened(review, later, both));
    waiting.when({ ...late, judgement: judgement(confirmed) }).then(reached(confirmed, later), opened(confirmed, later, both));
    const open = given(requested, reached(review, later), opened(review, later, both));
    open.when(approveBy(ann, { at: later + 1, strangers })).thenRefused("CAUSER_UNKNOWN");
    // From the moment on that the directory knows them.
    expect(
      open
        .when(approveBy(ann, { at: later + 1 }))
        .events()
        .at(-1)?.type,
    ).toBe("GrantIssued");
  });

  it("where those who caused it may break the glass it opens, and says so too", () => {
    given()
      .when(request(judgement(trusting), { strangers }))
      .then(requested, reached(trusting), opened(trusting, T0, both));
  });

  it("what waits for nobody is as before", () => {
    const deny = verdict("deny");
    given()
      .when(request(judgement(deny), { strangers }))
      .then(requested, reached(deny));
    given().when(request(undefined, { strangers })).then(requested);
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
