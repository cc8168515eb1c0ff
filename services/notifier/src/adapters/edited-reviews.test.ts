import { plain, type RenderLimits, renderReview, reviewCard, type ReviewSource } from "@countersign/review-view";
import { describe, expect, it } from "vitest";
import { sampleDelivery, sampleReview, sha256 } from "../testing/sample-review.ts";
import { collectedText } from "./mail/collected-text.ts";
import { mailText } from "./mail/mail-text.ts";
import { slackMessage } from "./slack/blocks.ts";
import { adaptiveCard } from "./teams/adaptive-card.ts";
import { updateLine } from "./terminal/update-line.ts";

const bob = { issuer: "https://id.example", id: "bob" };
/** So much about who asked, and so long a command, that no channel has room for every fact. */
const edited = (status: ReviewSource["status"]): ReviewSource => ({
  ...sampleReview,
  status,
  input: { ...sampleReview.input!, action: { name: "run", properties: { command: "\u202e".repeat(20_000) } } },
  requester: { ...sampleReview.requester!, chain: Array.from({ length: 9 }, (_, index) => ({ ...bob, id: `agent-${index}` })) },
  review: { ...sampleReview.review!, editor: bob },
});
const html = (text: string): string => text.replaceAll(/<\/?span>/g, "");

const shown: Readonly<Record<string, (source: ReviewSource) => string>> = {
  Slack: (source) => JSON.stringify(slackMessage((limits?: RenderLimits) => renderReview(source, sha256, limits), undefined)),
  Teams: (source) => JSON.stringify(adaptiveCard((limits?: RenderLimits) => renderReview(source, sha256, limits), undefined)),
  "mail, as text": (source) => mailText(sampleDelivery(source).render, undefined, "ActionEdited", true).text.replaceAll("[:]//", "://"),
  "mail, as HTML": (source) => html(mailText(sampleDelivery(source).render, undefined, "ActionEdited", true).html),
  "a collected mail": (source) => {
    const review = { actionId: "a1", eventId: "e1", version: 3, url: undefined, render: sampleDelivery(source).render };
    const mail = collectedText([review, review]);
    return `${mail.text.replaceAll("[:]//", "://")}${html(mail.html)}`;
  },
  "the command line": (source) =>
    reviewCard(renderReview(source, sha256, { characters: 80, members: 5 }), { paint: plain, columns: 200 }).replaceAll(/\s+│ +/g, " "),
};

describe("what a colleague edited", () => {
  it.each(Object.entries(shown))("P1: says so and by whom before what will run: %s", (_, text) => {
    const [open, waiting, over] = (["in review", "edited", "approved"] as const).map((status) => text(edited(status)));
    const who = "Edited by bob (https://id.example): votes on what it was before lapsed, and this is the new version.";
    expect(open).toContain(who);
    expect(open?.indexOf(who)).toBeLessThan(open?.indexOf("requested by") ?? 0);
    expect(waiting).toContain(who);
    expect(over).not.toContain("Edited by");
    expect(text(sampleReview)).not.toContain("Edited by");
  });

  it("is on the line that a terminal prints about it", () => {
    const line = updateLine("ActionEdited", renderReview(edited("edited"), sha256), { paint: plain, columns: 80 });
    expect(line).toMatch(/, now edited, edited by bob \(https:\/\/id\.example\)\)\n$/);
  });
});
