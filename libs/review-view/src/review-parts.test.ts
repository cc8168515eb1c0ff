import { describe, expect, it } from "vitest";
import type { ReviewSource } from "./review-source.ts";
import { renderReview } from "./review-view.ts";
import { sha256Hex } from "./sha256-hex.ts";
import { exportWith } from "./testing/sample-source.ts";

const [alice, bob] = [
  { issuer: "https://id.example", id: "alice" },
  { issuer: "https://id.example", id: "bob" },
];
const source = exportWith(
  { limit: 10 },
  {
    review: {
      stages: [{ name: "data", quorum: "2 of dpo", groups: ["dpo"] }],
      openStage: 0,
      votes: [],
      deadline: undefined,
      editor: undefined,
    },
  },
);

describe("P7: what became of a review is not shown as something else", () => {
  const lines = (changes: Partial<ReviewSource>) =>
    renderReview({ ...source, ...changes }, sha256Hex).facts.map(({ label, value }) => `${label}: ${value.text}`);

  it("a no is a no, and says in whose place it was cast", () => {
    const vote = { reviewer: bob, decision: "reject", reason: "too much", stage: 0, lapsed: false, inPlaceOf: "ann" } as const;
    const review = { ...source.review!, votes: [vote, { ...vote, lapsed: true, inPlaceOf: "", reason: "" }] };
    expect(lines({ review })).toEqual([
      "rejected by: bob (https://id.example) in the place of ann: too much",
      "rejected by (lapsed): bob (https://id.example)",
    ]);
    expect(renderReview({ ...source, review }, sha256Hex).decide?.approvals).toBe(0);
  });

  it("who approved alone, who was not waited for, and what another one found", () => {
    const afterReview = { usedBy: alice, reason: "fire", skipped: ["1 of dpo"], closed: undefined };
    const open = lines({ review: undefined, status: "approved", afterReview });
    expect(open.slice(0, 2)).toEqual(["break-glass by: alice (https://id.example): fire", "not waited for: 1 of dpo"]);
    expect(open[2]).toMatch(/^after-review: open/);
    const closed = { by: bob, finding: "not justified", reason: "no fire" };
    expect(lines({ review: undefined, status: "approved", afterReview: { ...afterReview, closed } })[2]).toBe(
      "after-review: not justified, by bob (https://id.example): no fire",
    );
  });

  it("open questions stay, oldest first, whatever is said around them", () => {
    const comments = Array.from({ length: 12 }, (_, index) => {
      const kind = index === 3 || index === 6 ? ("question" as const) : ("remark" as const);
      return { number: index + 1, kind, author: alice, byRequester: false, text: "x", question: 0, answer: 0 };
    });
    const shown = renderReview({ ...source, review: { ...source.review!, comments } }, sha256Hex).comments;
    expect(shown.comments.map(({ number }) => number)).toEqual([4, 7, 10, 11, 12]);
  });

  it("the score of risk is the sum of its points", () => {
    const risk = [30, 15].map((points) => ({ points, reason: `reason of ${points}` }));
    expect(lines({ review: undefined, verdict: { rule: "", revision: 4, reasons: [], risk } }).slice(1)).toEqual([
      "risk: score 45",
      "risk: +30 reason of 30",
      "risk: +15 reason of 15",
    ]);
  });

  it("whoever edited it is named until it is decided", () => {
    const edited = { ...source, review: { ...source.review!, editor: alice } };
    const editor = (status: ReviewSource["status"]) => renderReview({ ...edited, status }, sha256Hex).editor?.text;
    expect(["edited", "in review", "approved"].map((status) => editor(status as ReviewSource["status"]))).toEqual([
      "alice (https://id.example)",
      "alice (https://id.example)",
      undefined,
    ]);
    expect(renderReview(source, sha256Hex).editor).toBeUndefined();
  });

  it("what policy allowed without a review was reviewed by nobody", () => {
    const allowed = renderReview({ ...source, status: "approved", review: undefined }, sha256Hex);
    expect(allowed).toMatchObject({
      reviewed: false,
      claimed: false,
      editor: undefined,
      decide: undefined,
      comments: { comments: [], more: 0 },
    });
    expect(renderReview({ ...source, review: undefined }, sha256Hex).decide).toBeUndefined();
  });
});
