import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ActionSchema, ActionStateSchema, ActionStatus, AfterReviewState, CommentKind } from "@countersign/proto/v1/action_pb";
import { expect, it } from "vitest";
import { actionText } from "./action-text.ts";
import { stateText } from "./state-text.ts";

const digest = new Uint8Array(32).fill(0xab);
const deadline = timestampFromMs(Date.UTC(2026, 0, 31, 12, 30, 5));

it("says how far a review is, until when, and what is asked", () => {
  const state = create(ActionStateSchema, {
    id: "a1",
    status: ActionStatus.IN_REVIEW,
    version: 5n,
    digest,
    deadline,
    review: {
      stage: "owners",
      quorumText: "2 of data-owners",
      approvals: 1,
      claim: { reviewer: { id: "ann" }, expireTime: deadline },
      unknownCausers: [{ issuer: "https://id.test", id: "ghost\u001b[2J" }],
    },
    questions: [{ number: 3, kind: CommentKind.QUESTION, author: { id: "bob" }, text: "why\nnow?\u001b[2J" }],
  });
  expect(stateText(state).split("\n")).toEqual([
    "action      a1",
    "status      IN_REVIEW",
    "review      owners: 1 approvals so far, needs 2 of data-owners",
    String.raw`unknown     https://id.test#ghost\u{1b}[2J: nobody can approve this until your directory knows who that is`,
    "claimed by  ann until 2026-01-31 12:30:05Z",
    String.raw`question    3 by bob: why\nnow?\u{1b}[2J`,
    "until       2026-01-31 12:30:05Z",
    `digest      ${"ab".repeat(32)}`,
    "version     5",
  ]);
});

it("says why not, that it was edited, and that a break-glass is open, without the parameters: they may hold secrets", () => {
  const rejected = create(ActionStateSchema, {
    id: "a1",
    status: ActionStatus.REJECTED,
    reasons: ["too much, and psql postgres://root:hunter2@db/crm is not for agents"],
    editedProperties: { password: "hunter2" },
    afterReview: AfterReviewState.OPEN,
  });
  const text = stateText(rejected, "a.b.c");
  expect(text).toMatch(/^because +too much, .*not shown.*@db/m);
  expect(text).toMatch(/^edited +by a reviewer/m);
  expect(text).toMatch(/^break-glass +nobody has looked at it yet$/m);
  expect(text).toMatch(/^grant token +a\.b\.c$/m);
  expect(text).not.toContain("hunter2");
});

it("says of what was taken back by whom and why, wherever it is shown", () => {
  const because = (status: ActionStatus, ...reasons: string[]) => {
    const texts = [stateText(create(ActionStateSchema, { status, reasons })), actionText(create(ActionSchema, { status, reasons }))];
    return texts.map((text) => text.split("\n").filter((line) => line.startsWith("because")));
  };
  const both = (line: string) => [[line], [line]];
  expect(because(ActionStatus.CANCELLED, "no longer needed")).toEqual(both("because     its requester took it back: no longer needed"));
  expect(because(ActionStatus.CANCELLED)).toEqual(both("because     its requester took it back"));
  expect(because(ActionStatus.REVOKED, "on second thoughts")).toEqual(both("because     on second thoughts"));
});
