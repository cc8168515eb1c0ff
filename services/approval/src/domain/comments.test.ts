import { describe, expect, it } from "vitest";
import {
  ann,
  approveBy,
  bob,
  cid,
  exporter,
  hex,
  HOUR,
  inReview,
  MINUTE,
  owner,
  principal,
  redeemed,
  ref,
  sponsor,
  stage,
  standing,
  T0,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { AddComment } from "./commands.ts";
import type { ActionEvent } from "./events.ts";
import type { Principal } from "./principal.ts";

const TEXT = hex(0x25);

function writes(author: Principal, kind: AddComment["kind"], more: Partial<AddComment> = {}): AddComment {
  const standings = author.type === "human" ? [standing(author)] : [];
  return { type: "AddComment", at: T0 + MINUTE, author, standings, kind, text: TEXT, question: 0, ...more };
}

function written(command: AddComment, number: number): ActionEvent {
  const { at, author, kind, text, question, standings } = command;
  const side = author.type === "human" ? standings[0] : undefined;
  return { type: "CommentAdded", at, number, kind, author, standing: side, text, question };
}

const asked = [...inReview(), written(writes(ann, "question"), 1)];

describe("comments on a review", () => {
  it("a reviewer asks, the requester answers, once", () => {
    const question = writes(ann, "question");
    given(...inReview())
      .when(question)
      .then(written(question, 1));
    const answer = writes(exporter, "answer", { question: 1 });
    given(...asked)
      .when(answer)
      .then(written(answer, 2));
    given(...asked, written(answer, 2))
      .when(answer)
      .thenRefused("QUESTION_NOT_OPEN");
    given(...asked)
      .when(writes(exporter, "answer", { question: 2 }))
      .thenRefused("QUESTION_NOT_OPEN");
    given(...asked, written(writes(exporter, "remark"), 2))
      .when(writes(exporter, "answer", { question: 2 }))
      .thenRefused("QUESTION_NOT_OPEN");
  });

  it.each<[string, Principal]>([
    ["the requester", exporter],
    ["the human it acts for", sponsor],
    ["its owner", owner],
  ])("P3: %s writes as the requester's side, and never as a reviewer", (_who, author) => {
    const remark = writes(author, "remark");
    given(...inReview())
      .when(remark)
      .then({ ...written(remark, 1), standing: undefined } as ActionEvent);
    given(...asked)
      .when(writes(author, "answer", { question: 1 }))
      .events();
    given(...inReview())
      .when(writes(author, "question"))
      .thenRefused(author.type === "agent" ? "NOT_HUMAN" : "SELF_APPROVAL");
  });

  const voted = given(...inReview(verdict("review", { stages: [stage(["oncall"]), stage(["managers"])] })))
    .when(approveBy(ann))
    .events();

  it("who has voted may go on writing when another stage is open, also signed in weakly", () => {
    given(...voted)
      .when(writes({ ...ann, signIn: "chat" }, "remark"))
      .events();
    given(...inReview(verdict("review", { stages: [stage(["oncall"], 1, { leastSignIn: "mfa" })] })))
      .when(writes({ ...ann, signIn: "chat" }, "question"))
      .events();
  });

  it.each<[string, AddComment, string]>([
    ["nobody whom the open stage asks", writes(cid, "remark"), "NOT_ELIGIBLE"],
    ["an agent that holds a reviewer's token", writes(principal("bot", { type: "agent", groups: ["oncall"] }), "question"), "NOT_HUMAN"],
    ["an agent that speaks through a reviewer", writes({ ...ann, chain: [ref("bot")] }, "remark"), "NOT_HUMAN"],
    ["the same agent on behalf of somebody else", writes({ ...exporter, chain: [ref("mallory")] }, "remark"), "NOT_HUMAN"],
    ["a reviewer who answers in the requester's place", writes(ann, "answer", { question: 1 }), "NOT_REQUESTER"],
    [
      "another account of the requester's human",
      writes(bob, "remark", { standings: [standing(bob, { principals: [ref("sponsor")] })] }),
      "SELF_APPROVAL",
    ],
    ["somebody whom the directory does not know", writes(ann, "remark", { standings: [] }), "NOT_ELIGIBLE"],
    ["anybody after the deadline", writes(exporter, "answer", { question: 1, at: T0 + HOUR }), "DEADLINE_PASSED"],
  ])("P3: refused: %s", (_who, command, code) => {
    given(...asked)
      .when(command)
      .thenRefused(code as "NOT_ELIGIBLE");
  });

  it("is about reviews that wait, and nothing else", () => {
    given(...redeemed)
      .when(writes(exporter, "remark"))
      .thenRefused("WRONG_STATE");
    given().when(writes(ann, "remark")).thenRefused("NOT_FOUND");
  });

  it("each side has its own bound: neither silences the other", () => {
    const flood = Array.from({ length: 50 }, (_, index) => written(writes(exporter, "remark"), index + 1));
    given(...inReview(), ...flood)
      .when(writes(exporter, "remark"))
      .thenRefused("COMMENT_LIMIT");
    const question = writes(ann, "question");
    given(...inReview(), ...flood)
      .when(question)
      .then(written(question, 51));
  });

  it("P1: moves no deadline and makes no vote stale; the vote of before still counts", () => {
    const [before, after] = [stateAfter(inReview()), stateAfter(asked)];
    expect(after).toEqual({
      ...before,
      version: before.version + 1,
      updatedAt: T0 + MINUTE,
      review: { ...("review" in before ? before.review : {}), comments: [expect.objectContaining({ number: 1, byRequester: false })] },
    });
    const decision = given(...asked)
      .when(approveBy(ann, { version: 3 }))
      .events();
    expect(decision.map(({ type }) => type).slice(asked.length)).toEqual(["VoteCast", "ActionApproved", "GrantIssued"]);
  });
});
