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
