import { describe, expect, it } from "vitest";
import { whyNotShown, type ShowQuestion } from "./why-not-shown.ts";

const opened: ShowQuestion = {
  type: "ReviewOpened",
  streamVersion: 3,
  updates: true,
  hearsOfOpening: true,
  shownBefore: false,
  shownVersion: undefined,
  undecided: true,
  claimed: false,
  asksItsPeople: true,
};

describe("why not shown", () => {
  it.each<[string, Partial<ShowQuestion>, string | undefined]>([
    ["a review that opens", {}, undefined],
    ["a review that is over already", { undecided: false }, "the review was over before it was shown"],
    [
      "a reminder while somebody is looking",
      { type: "ReviewerReminded", streamVersion: 5, shownBefore: true, claimed: true },
      "somebody has claimed the review",
    ],
    ["a review of other people", { asksItsPeople: false }, "it asks nobody whom this channel serves"],
    ["a stage that asks these people for the first time", { type: "StageOpened", streamVersion: 5 }, undefined],
    ["the end of what was never shown", { type: "ActionApproved", undecided: false }, "the review was over before it was shown"],
    [
      "the end of what was shown",
      { type: "ActionApproved", streamVersion: 5, shownBefore: true, shownVersion: 3, undecided: false },
      undefined,
    ],
    [
      "what the message shows already",
      { type: "VoteCast", streamVersion: 4, shownBefore: true, shownVersion: 5 },
      "the message shows this already",
    ],
    [
      "a stage of other people, on a message that is there",
      { type: "StageOpened", streamVersion: 5, shownBefore: true, asksItsPeople: false },
      undefined,
    ],
    ["the next stage, where the first one asked others and messages stay as they are", { type: "StageOpened", updates: false }, undefined],
    ["a vote, where messages stay as they are", { type: "VoteCast", updates: false }, "the review was never shown here"],
    ["a break-glass, to those who were skipped", { type: "BreakGlassUsed", streamVersion: 4, updates: false, undecided: false }, undefined],
    [
      "a break-glass, to others",
      { type: "BreakGlassUsed", streamVersion: 4, undecided: false, asksItsPeople: false },
      "it asks nobody whom this channel serves",
    ],
    ["the end, where messages stay as they are", { type: "ActionApproved", updates: false, shownBefore: true, shownVersion: 9 }, undefined],
    [
      "the end, for a channel that hears of ends only",
      { type: "ActionApproved", updates: false, hearsOfOpening: false, undecided: false },
      undefined,
    ],
  ])("%s", (_what, change, reason) => {
    expect(whyNotShown({ ...opened, ...change })).toBe(reason);
  });
});
