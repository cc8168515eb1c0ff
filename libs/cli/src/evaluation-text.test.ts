import { create } from "@bufbuild/protobuf";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { EvaluateActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { expect, it } from "vitest";
import { evaluationText } from "./evaluation-text.ts";

const verdict = { outcome: VerdictOutcome.REVIEW, rule: "exports", revision: 3n, reasons: ["Data leaves."] };

it("says first that a request would be refused, and because of whom", () => {
  const unknownCausers = [{ issuer: "https://id.test", id: "ghost\u001b[2J" }];
  const refused = create(EvaluateActionResponseSchema, { verdict, refusedReason: "CAUSER_UNKNOWN", unknownCausers });
  expect(evaluationText(refused).split("\n\n").slice(0, 2)).toEqual([
    String.raw`A request would be refused: your directory does not know https://id.test#ghost\u{1b}[2J, who would cause it, so that nobody could approve it`,
    'review by rule "exports" of revision 3: Data leaves.',
  ]);
  expect(evaluationText(create(EvaluateActionResponseSchema, { verdict }))).toMatch(/^review by rule "exports" of revision 3:/);
});

it("keeps reasons apart, as rules need not end theirs like a sentence", () => {
  const reasons = ["data leaves", 'rule "small" could not be evaluated'];
  const answer = create(EvaluateActionResponseSchema, { verdict: { ...verdict, reasons } });
  expect(evaluationText(answer)).toMatch(/: data leaves; rule "small" could not be evaluated$/m);
});
