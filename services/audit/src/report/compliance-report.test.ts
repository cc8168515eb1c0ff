import { describe, expect, it } from "vitest";
import { CONTROLS } from "./controls.ts";
import { ReportFold, type ComplianceReport } from "./compliance-report.ts";
import type { ReportEvent } from "./report-event.ts";
import { NO_HISTORY, type History } from "./history.ts";
import { KINDS, type KindName } from "./kinds.ts";

type Given = Partial<ReportEvent> & { readonly type: string };

/** Events of one action unless they say otherwise, a second apart. */
function folded(...given: readonly Given[]): ComplianceReport {
  const fold = new ReportFold();
  const histories = new Map<string, History>();
  for (const [position, event] of given.entries()) {
    const action = event.action ?? "a-1";
    const base = { position, at: position * 1000, stream: { type: "action", id: action }, action, who: "" };
    histories.set(action, fold.add({ ...base, ...event }, histories.get(action) ?? NO_HISTORY));
  }
  return fold.report();
}

const of = (report: ComplianceReport, kind: KindName) => report.kinds.find((found) => found.kind === kind);
const control = (report: ComplianceReport, id: string) => report.controls.find(({ control: name }) => name === id);

const requested: Given = { type: "ActionRequested", name: "db.export", who: "exporter" };
const approvedByAnn: readonly Given[] = [
  requested,
  { type: "VerdictReached", verdict: "review" },
  { type: "ReviewOpened" },
  { type: "VoteCast", who: "ann", decision: "approve" },
  { type: "ActionApproved" },
  { type: "GrantIssued", grant: "g" },
];
const redeemed: Given = { type: "GrantRedeemed", grant: "g" };

describe("a report", () => {
  it("counts what happened to an action, and says who approved what and how long it took", () => {
    const report = folded(...approvedByAnn, redeemed, { type: "ExecutionReported", outcome: "succeeded", output: "aa" });
    for (const kind of ["requested", "sent_to_people", "approved", "granted", "redeemed", "succeeded"] as const)
      expect(of(report, kind)?.count).toBe(1);
    expect(of(report, "vote_approved")?.lines).toEqual([{ subject: "ann", detail: "db.export", count: 1, positions: [3] }]);
    expect(report.latency).toEqual({ count: 1, p50: 2000, p95: 2000, max: 2000 });
    expect(of(report, "recorded")).toMatchObject({ count: 8, positions: [0, 1, 2, 3, 4, 5, 6, 7] });
    expect(report).toMatchObject({ first: 0, last: 7 });
  });

  it("counts what policy allows as no approval by people", () => {
    const report = folded(requested, { type: "VerdictReached", verdict: "allow" }, { type: "ActionApproved" });
    expect(of(report, "allowed")?.count).toBe(1);
    expect(of(report, "approved")?.count).toBe(0);
    expect(report.latency.count).toBe(0);
  });

  it("tells of refusals, each with who tried and on what", () => {
    const refused = (reason: string): Given => ({ type: "VoteRefused", who: "bob", reason });
    const report = folded(requested, refused("SELF_APPROVAL"), refused("SELF_APPROVAL"), refused("NOT_ELIGIBLE"));
    expect(of(report, "self_approval_refused")?.lines).toEqual([{ subject: "bob", detail: "db.export", count: 2, positions: [1, 2] }]);
    expect(of(report, "other_refused")?.lines[0]?.detail).toBe("NOT_ELIGIBLE db.export");
    expect(control(report, "AC-5")).toMatchObject({ count: 2, positions: [1, 2] });
  });

  it("says whose votes came sooner than anybody can read, and which share of theirs that is", () => {
    const vote = (who: string, hasty: boolean): Given => ({ type: "VoteCast", who, decision: "approve", hasty });
    const report = folded(...approvedByAnn, vote("ann", true), vote("bob", true), vote("ann", true), vote("cyd", false));
    expect(of(report, "vote_hasty")?.lines).toEqual([
      { subject: "ann", detail: "2 of 3 votes", count: 2, positions: [6, 8] },
      { subject: "bob", detail: "1 of 1 votes", count: 1, positions: [7] },
    ]);
    expect(control(report, "CC7.2")?.positions).toEqual([6, 7, 8]);
  });

  it("says who asked again and again", () => {
    const report = folded(requested, { type: "ReviewJoined", who: "exporter" }, { type: "ReviewJoined", who: "exporter" });
    expect(of(report, "joined")?.lines).toEqual([{ subject: "exporter", detail: "db.export", count: 2, positions: [1, 2] }]);
  });

  it("says which use of the break-glass nobody has looked at", () => {
    const use = (action: string): Given => ({ type: "BreakGlassUsed", who: "eve", action });
    const report = folded(use("a-1"), use("a-2"), { type: "AfterReviewClosed", who: "ann", action: "a-1" });
    expect(of(report, "break_glass_used")?.count).toBe(2);
    expect(of(report, "break_glass_reviewed")?.lines[0]).toMatchObject({ subject: "ann", positions: [2] });
    expect(of(report, "break_glass_open")).toMatchObject({ count: 1, positions: [1] });
  });

  it("names who changed policy, and what was handed out and erased", () => {
    const policy = { stream: { type: "policy", id: "default" } };
    const report = folded(
      { type: "PolicyPublished", who: "pam", detail: "revision 4", ...policy },
      { type: "ExportProduced", who: "aud", detail: "ocsf", stream: { type: "export", id: "x" } },
      { type: "ContentErased", who: "ops" },
    );
    expect(of(report, "policy_changed")?.lines[0]).toMatchObject({ subject: "pam", detail: "PolicyPublished revision 4" });
    expect(of(report, "exported")?.lines[0]).toMatchObject({ subject: "aud", detail: "ocsf" });
    expect(of(report, "erased")?.positions).toEqual([2]);
  });

  it("takes the same memory however much happened: lists end, counts do not", () => {
    const report = folded(
      ...Array.from({ length: 3000 }, (_, index): Given => ({ type: "VoteCast", decision: "approve", who: `p${index}` })),
    );
    const votes = of(report, "vote_approved");
    expect(votes).toMatchObject({ count: 3000, inNoLine: 2900 });
    expect(votes?.lines).toHaveLength(100);
    expect(votes?.positions).toHaveLength(20);
  });

  it("knows only controls whose evidence it counts, each once", () => {
    expect(CONTROLS.map(({ control: id }) => id)).toEqual([
      "CC6.1",
      "CC6.3",
      "CC7.2",
      "CC8.1",
      "AC-3(2)",
      "AC-5",
      "AC-6(9)",
      "AU-9",
      "AU-10",
      "CM-3",
    ]);
    for (const { kinds } of CONTROLS) expect(kinds.filter((kind) => !Object.hasOwn(KINDS, kind))).toEqual([]);
  });
});

describe("an alarm is raised", () => {
  const alarms = (...after: readonly Given[]): readonly string[] =>
    folded(...approvedByAnn, ...after).kinds.flatMap(({ kind, count, lines }) =>
      KINDS[kind].sections.some((section) => section === "alarms") && count > 0 ? [`${kind} ${lines[0]?.subject}`] : [],
    );
  const reported: Given = { type: "ExecutionReported", outcome: "succeeded", output: "aa" };

  it("never when all adds up", () => {
    expect(alarms(redeemed, reported)).toEqual([]);
  });
  it("when a grant is used and no report comes", () => {
    expect(alarms(redeemed, { type: "ExecutionUnreported" })).toEqual(["unreported a-1"]);
  });
  it("P2: when a report stands in the log without a redemption", () => {
    expect(alarms(reported)).toEqual(["reported_unredeemed a-1"]);
  });
  it("when a refused report names another output, not when only its words differ", () => {
    const refused = (output: string): Given => ({ type: "ReportRefused", output, recordedOutput: "aa" });
    expect(alarms(redeemed, reported, refused("aa"))).toEqual([]);
    expect(alarms(redeemed, reported, refused("bb"))).toEqual(["output_differs a-1"]);
  });
  it("when two reports on record name two outputs", () => {
    expect(alarms(redeemed, reported, { ...reported, output: "bb" })).toEqual(["output_differs a-1"]);
  });
  it("P2: when a grant is used after it was taken back or ran out, or twice", () => {
    expect(alarms({ type: "GrantRevoked", grant: "g" }, redeemed)).toEqual(["used_after_end a-1"]);
    expect(alarms({ type: "GrantExpired", grant: "g" }, redeemed)).toEqual(["used_after_end a-1"]);
    expect(alarms(redeemed, redeemed)).toEqual(["redeemed_twice a-1"]);
  });
});
