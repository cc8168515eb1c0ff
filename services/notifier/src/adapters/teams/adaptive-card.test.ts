import { editableText, renderReview, visible, type RenderLimits, type ReviewSource } from "@countersign/review-view";
import { describe, expect, it } from "vitest";
import { activityProblem, cardProblem, inputsOf } from "../../testing/fake-teams/rules.ts";
import { hostileReview, hostileTexts, UNSAFE } from "../../testing/hostile-reviews.ts";
import { sampleReview, sha256 } from "../../testing/sample-review.ts";
import { adaptiveCard, cardAttachment, type AdaptiveCard } from "./adaptive-card.ts";

function card(source: ReviewSource): AdaptiveCard {
  return adaptiveCard((limits?: RenderLimits) => renderReview(source, sha256, limits), {
    sealed: "s".repeat(500),
    editable: editableText(source),
    url: "https://countersign.example/r/1",
    users: ["8:orgid:1"],
  });
}

type Element = {
  readonly type: string;
  readonly text?: string;
  readonly inlines?: readonly Element[];
  readonly items?: readonly Element[];
};

function flat(elements: readonly Element[]): Element[] {
  return elements.flatMap((element) => [element, ...flat(element.items ?? [])]);
}

const bodyOf = (given: AdaptiveCard): Element[] => flat(given["body"] as Element[]);
const linesOf = (given: AdaptiveCard): string[] =>
  bodyOf(given).flatMap(({ type, text, inlines }) =>
    type === "RichTextBlock" ? [(inlines ?? []).map((run) => run.text).join("")] : [text ?? ""],
  );

/** Text blocks know Markdown and functions: they may hold nothing but these words. */
const OUR_TEXTS =
  /^(Review needed|Review: [a-z ]+|This will run, and the digest covers all of it:|The requester says \(not checked, not covered by the digest\):|Said about it \(not checked, not covered by the digest, decides nothing\):)$/;

describe("adaptive card", () => {
  it("asks for a decision on what will run", () => {
    const given = card(sampleReview);
    expect(cardProblem(given)).toBeUndefined();
    expect(linesOf(given)).toEqual(
      expect.arrayContaining(["Review needed", 'parameters.table = "customers"', '┊ justification = "asked by sales"', "version: 3"]),
    );
    expect(given["version"]).toBe("1.5");
    expect(given["refresh"]).toMatchObject({ action: { verb: "countersign.refresh" }, userIds: ["8:orgid:1"] });
  });

  it("has no buttons once it is over, and still renews itself", () => {
    const over = card({ ...sampleReview, status: "rejected" });
    expect(over["actions"]).toBeUndefined();
    expect(linesOf(over)).toContain("Nothing is to be decided any more.");
    expect(over["refresh"]).toBeDefined();
  });

  it.each(hostileTexts)("P7: nothing active survives and everything is shown: $name", ({ text }) => {
    const given = card(hostileReview(text));
    expect(cardProblem(given)).toBeUndefined();
    for (const { type, text: own, inlines } of bodyOf(given)) {
      if (type === "TextBlock") expect(own).toMatch(OUR_TEXTS);
      for (const run of inlines ?? []) {
        expect(run.text).not.toMatch(UNSAFE);
        expect(run.text).not.toContain("{{");
      }
    }
    for (const { value = "" } of inputsOf(given)) expect(value).not.toMatch(UNSAFE);
    const shown = visible(text).text.replaceAll(/[\u2500-\u257f■⟨⟩]/g, (drawn) => `\\u{${drawn.charCodeAt(0).toString(16)}}`);
    expect(linesOf(given).some((line) => line.startsWith(`because: ${shown}`))).toBe(true);
    expect(linesOf(given).filter((line) => line.startsWith("status: "))).toEqual(["status: in review"]);
  });

  it("P7: stays below what Teams takes: long texts show head, tail, length and digest, values without room are counted", () => {
    const command = `rm ${"\u202e😀".repeat(20_000)} tail-end`;
    const properties = { command, ...Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`p${index}`, "é".repeat(500)])) };
    const given = card({ ...sampleReview, input: { ...sampleReview.input!, action: { name: "x", properties } } });
    expect(activityProblem(JSON.stringify({ type: "message", attachments: [cardAttachment(given)] }))).toBeUndefined();
    const line = linesOf(given).find((text) => text.startsWith("parameters.command"));
    expect(line).toMatch(/^parameters\.command = "rm /);
    expect(line).toContain(`${Array.from(command).length} characters, SHA-256 ${sha256(command)}`);
    expect(line).toMatch(/tail-end"/);
    expect(linesOf(given).join("\n")).toMatch(/and \d+ more values that found no room here/);
  });

  it("P1: is approved only where all of what will run is shown", () => {
    const titles = (source: ReviewSource) => (card(source)["actions"] as { title: string }[]).map(({ title }) => title);
    const properties = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`p${index}`, "nothing to see"]));
    const hidden = { ...sampleReview, input: { ...sampleReview.input!, action: { name: "x", properties } } };
    expect(titles(hidden)).not.toEqual(expect.arrayContaining([expect.stringContaining("Approve")]));
    expect(titles(hidden)).toContain("Reject …");
    expect(linesOf(card(hidden)).at(-1)).toContain("it cannot be approved here");
    expect(titles(sampleReview).slice(0, 2)).toEqual(["Approve", "Approve with a reason …"]);
  });
});
