import { renderReview, visible, type JsonObject, type RenderLimits, type ReviewSource } from "@countersign/review-view";
import { describe, expect, it } from "vitest";
import { messageProblem } from "../../testing/fake-slack/rules.ts";
import { hostileReview, hostileTexts, UNSAFE } from "../../testing/hostile-reviews.ts";
import { sampleReview, sha256 } from "../../testing/sample-review.ts";
import { escapeText, slackMessage, textSections, type SlackMessage } from "./blocks.ts";

const controls = { sealed: "s".repeat(500), edit: true, url: "https://countersign.example/r/1" };
const message = (source: ReviewSource): SlackMessage =>
  slackMessage((limits?: RenderLimits) => renderReview(source, sha256, limits), controls);

/** All text objects of a message, as they are sent. */
function textsOf(value: unknown): { readonly type: string; readonly text: string; readonly emoji?: boolean }[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(textsOf);
  return "text" in value && typeof value.text === "string" && "type" in value ? [value as never, ...inner] : inner;
}

/** What a reader of the message sees. */
const seen = ({ blocks }: SlackMessage): string =>
  textsOf(blocks)
    .map(({ text }) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&"))
    .join("\n");

const shouted = {
  ...sampleReview,
  input: { ...sampleReview.input!, action: { name: "run", properties: { command: `rm ${"<&>\u202e".repeat(8000)} tail-end` } } },
};

describe("slack message", () => {
  it("asks for a decision on what will run, and sets what the requester says apart", () => {
    const text = seen(message(sampleReview));
    expect(text).toContain("Review needed\ndb.export on db crm\nstatus: in review\nneeds: ");
    expect(text).toContain('This will run, and the digest covers all of it:\naction = "db.export"\nparameters.table = "customers"');
    expect(text).toContain('The requester says (not checked, not covered by the digest):\n┊ justification = "asked by sales"');
    expect(text).toContain(`digest: ${sampleReview.digest}\nversion: 3`);
    expect(
      textsOf(message(sampleReview).blocks)
        .slice(-6)
        .map(({ text: label }) => label),
    ).toEqual(["Approve", "Reject …", "Edit …", "Ask …", "Claim", "Open"]);
  });

  it("has no buttons once it is over", () => {
    const over = message({ ...sampleReview, status: "approved" });
    expect(over.blocks.some(({ type }) => type === "actions")).toBe(false);
    expect(over.text).toBe("Review: approved: db.export on db crm");
    expect(seen(over)).toContain(
      "db.export on db crm\nIt may run once. Until it does, a reviewer of the last stage can take that back: countersign reject",
    );
  });

  it.each(hostileTexts)("P7: nothing active survives and everything is shown: $name", ({ text }) => {
    const sent = message(hostileReview(text));
    expect(messageProblem(sent.text, sent.blocks, undefined)).toBeUndefined();
    for (const { type, text: part, emoji } of textsOf(sent.blocks)) {
      expect(type === "button" || (type === "plain_text" && emoji === false)).toBe(true);
      expect(part).not.toMatch(UNSAFE);
      expect(part).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    }
    expect(sent.text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(sent.text).not.toMatch(UNSAFE);
    const shown = visible(text).text.replaceAll(/[\u2500-\u257f■⟨⟩]/g, (drawn) => `\\u{${drawn.charCodeAt(0).toString(16)}}`);
    expect(seen(sent)).toContain(`because: ${shown}`);
    expect(seen(sent)).toContain(`asks, not answered yet: ${shown.slice(0, 40)}`);
    expect(
      seen(sent)
        .split("\n")
        .filter((line) => line.startsWith("status: ")),
    ).toEqual(["status: in review"]);
  });

  it("P7: a very long command shows head, tail, length and digest, and is never cut in silence", () => {
    const command = shouted.input.action.properties.command;
    const sent = message(shouted);
    expect(messageProblem(sent.text, sent.blocks, undefined)).toBeUndefined();
    expect(seen(sent)).toContain('parameters.command = "rm <&>\\u{202e}');
    expect(seen(sent)).toContain(`${Array.from(command).length} characters, SHA-256 ${sha256(command)}`);
    expect(seen(sent)).toContain('tail-end"');
  });

  it("P1: is approved only where all of what will run is shown", () => {
    const buttons = (source: ReviewSource) => textsOf(message(source).blocks.at(-1)).map(({ text }) => text);
    const running = (properties: JsonObject) => ({ ...sampleReview, input: { ...sampleReview.input!, action: { name: "x", properties } } });
    const decoys = Object.fromEntries(Array.from({ length: 120 }, (_, index) => [`note${index}`, "nothing to see"]));
    const middle = `select 1${" ".repeat(1500)}; drop table customers;${" ".repeat(1500)}select 2`;
    for (const hidden of [
      running({ ...decoys, command: "drop table customers" }),
      running({ one: "x".repeat(590), ...decoys }),
      running({ command: middle }),
      running({ [middle]: true }),
      shouted,
    ]) {
      expect(buttons(hidden)).toEqual(["Reject …", "Edit …", "Ask …", "Claim", "Open"]);
      expect(seen(message(hidden))).toContain("it cannot be approved here");
    }
    for (const open of [sampleReview, running({ command: `select ${"x".repeat(2300)}` })]) {
      expect(buttons(open)[0]).toBe("Approve");
      expect(seen(message(open))).not.toContain("it cannot be approved here");
    }
  });

  it("P7: more values than a message holds are counted", () => {
    const properties = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`p${index}`, "<".repeat(300)]));
    const sent = message({ ...sampleReview, input: { ...sampleReview.input!, action: { name: "x", properties } } });
    expect(messageProblem(sent.text, sent.blocks, undefined)).toBeUndefined();
    const [, more] = /and (\d+) more values that found no room here/.exec(seen(sent)) ?? [];
    const shown = seen(sent).match(/^parameters\.p\d+ = /gm)?.length ?? 0;
    expect(shown + Number(more)).toBe(501 + 5 - (seen(sent).match(/^(action|resource|subject|context)\b.* = /gm)?.length ?? 0));
  });

  it("P7: no secret gets there", () => {
    const properties = { db_password: "hunter2-hunter2", note: "ghp_abcdefghijklmnopqrstuvwxyz012345" };
    const sent = JSON.stringify(message({ ...sampleReview, input: { ...sampleReview.input!, action: { name: "x", properties } } }));
    expect(sent).not.toMatch(/hunter2|ghp_abc/);
    expect(sent).toContain("parameters.db_password = (secret, 15 characters, not shown)");
  });
});

describe("text sections", () => {
  it("cut between characters, never inside of an escape, and lose nothing", () => {
    const line = `x = "${"<&😀".repeat(3000)}"`;
    const texts = textSections([line, "next"]).map(({ text }) => text?.text ?? "");
    expect(Math.max(...texts.map(({ length }) => length))).toBeLessThanOrEqual(3000);
    expect(texts.every((text) => !/&(?!amp;|lt;|gt;)/.test(text) && text.isWellFormed())).toBe(true);
    expect(texts.join("").replaceAll("⤷ ", "").replace("\nnext", "")).toBe(escapeText(line));
  });
});
