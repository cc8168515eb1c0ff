import { create } from "@bufbuild/protobuf";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { GetReviewResponseSchema } from "@countersign/proto/v1/review_service_pb";
import { expect, it } from "vitest";
import { reviewText } from "./review-text.ts";

it("P3: what nobody can approve says whose account nobody knows, and that it can be rejected", () => {
  const unknownCausers = [{ issuer: "https://agents.example", id: "ann\u202e" }];
  const reply = { action: { status: ActionStatus.IN_REVIEW }, ineligibleReason: "CAUSER_UNKNOWN", unknownCausers };
  const text = reviewText(create(GetReviewResponseSchema, reply), { columns: 100, command: "countersign" });
  expect(text).toMatch(
    /You may not decide this: CAUSER_UNKNOWN\nNobody can approve it, though it can be rejected: .* https:\/\/agents.example#ann/,
  );
  expect(text).not.toContain("\u202e");
});

it("whoever may decide is told what may be changed, and how", () => {
  const editable = '{"limit":{"type":"integer","maximum":1000}}';
  const action = { id: "a1", status: ActionStatus.IN_REVIEW, verdict: { terms: { editable } } };
  const text = (eligible: boolean) =>
    reviewText(create(GetReviewResponseSchema, { action, eligible }), { columns: 100, command: "countersign" });
  expect(text(true)).toContain(`\nYou may change ${editable}: countersign edit a1 --param NAME=VALUE --reason "..."`);
  expect(text(false)).not.toContain("You may change");
});
