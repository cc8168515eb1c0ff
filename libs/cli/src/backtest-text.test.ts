import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { VerdictOutcome, type VerdictSchema } from "@countersign/proto/v1/action_pb";
import { BacktestResultSchema, PolicyDifferenceSchema, type PolicyDifference } from "@countersign/proto/v1/policy_service_pb";
import { expect, it } from "vitest";
import { backtestText, Causes } from "./backtest-text.ts";

const { ALLOW, DENY, REVIEW } = VerdictOutcome;
type Verdict = MessageInitShape<typeof VerdictSchema>;

const RULES = [
  { rule: "exports", decides: 3n },
  { rule: "drops\u001b[2J", decides: 0n },
];
const difference = (actionId: string, was: Verdict, wouldBe: Verdict) =>
  create(PolicyDifferenceSchema, {
    actionId,
    time: timestampFromDate(new Date("2026-11-23T10:00:00Z")),
    actionName: "db.export",
    resourceType: "database",
    resourceId: "crm",
    was,
    wouldBe,
  });
const causesOf = (differences: readonly PolicyDifference[]): Causes => {
  const causes = new Causes();
  differences.forEach((one) => causes.add(one));
  return causes;
};
const exports = { outcome: REVIEW, rule: "exports", stages: [{ name: "owners" }], terms: {}, grantSeconds: 300 };

it("says how many change from which outcome to which, what makes them change, and which rules are idle", () => {
  const result = create(BacktestResultSchema, {
    judged: 12n,
    different: 3n,
    erased: 1n,
    tallies: [
      { was: ALLOW, wouldBe: ALLOW, count: 9n },
      { was: REVIEW, wouldBe: ALLOW, count: 2n },
      { was: REVIEW, wouldBe: REVIEW, count: 1n },
    ],
    rules: RULES,
  });
  const stricter = { ...exports, stages: [{ name: "owners" }, { name: "security" }], grantSeconds: 60 };
  const differences = [
    difference("a1", exports, stricter),
    difference("a2", exports, { outcome: ALLOW, grantSeconds: 300 }),
    difference("a3", exports, { outcome: ALLOW, grantSeconds: 300 }),
  ];
  expect(backtestText(result, causesOf(differences))).toBe(
    `12 requests and edits were judged, 3 would be answered otherwise; 1 more cannot be tried, as their input was erased

WAS     WOULD BE allow  WOULD BE review  WOULD BE deny
allow   9               0                0
review  2               1                0
deny    0               0                0

COUNT  WAS                  WOULD BE             CHANGES               FOR EXAMPLE
2      review by "exports"  allow by no rule     outcome               db.export on database crm, 2026-11-23 10:00:00Z, a2
1      review by "exports"  review by "exports"  stages, grant's time  db.export on database crm, 2026-11-23 10:00:00Z, a1

Rules that would have decided nothing: "drops\\u{1b}[2J"`,
  );
});

it("says little where there is little to say", () => {
  const tallies = [{ was: DENY, wouldBe: DENY, count: 2n }];
  const same = create(BacktestResultSchema, { judged: 2n, tallies, rules: [{ rule: "all", decides: 2n }] });
  expect(backtestText(same, causesOf([]))).toMatch(
    /^2 requests and edits were judged, none would be answered otherwise\n\nWAS [^]*deny +0 +0 +2$/,
  );
  expect(backtestText(create(BacktestResultSchema, { judged: 1n }), causesOf([]))).toMatch(/^1 request or edit was judged, none /);
  expect(backtestText(create(BacktestResultSchema, { rules: RULES }), causesOf([]))).toBe(
    "0 requests and edits were judged, none would be answered otherwise",
  );
});
