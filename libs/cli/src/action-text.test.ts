import { create } from "@bufbuild/protobuf";
import { ActionSummarySchema } from "@countersign/proto/v1/action_service_pb";
import { expect, it } from "vitest";
import { actionsTable, reviewsTable } from "./action-text.ts";

it("tables write moments as everything else for people does, and none where there is none", () => {
  const times = {
    requestTime: "2026-01-31T12:30:05.250Z",
    reviewDeadline: "2026-01-31T13:30:05.000Z",
    claimedBy: { id: "ann" },
    claimExpireTime: "2026-01-31T12:45:05.999Z",
  };
  const summary = create(ActionSummarySchema, { id: "a1", ...times });
  expect(actionsTable([summary], false)).toMatch(/ 2026-01-31 12:30:05Z$/);
  expect(reviewsTable([summary])).toMatch(/ 2026-01-31 13:30:05Z  ann until 2026-01-31 12:45:05Z$/);
  expect(reviewsTable([create(ActionSummarySchema, { id: "a1" })])).toMatch(/\na1 [ :]+0$/);
});
