import { describe, expect, it } from "vitest";
import { hostileReview, hostileTexts, UNSAFE } from "../../testing/hostile-reviews.ts";
import { sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import { mailText } from "./mail-text.ts";

const URL = "https://cs.example/review?link=abc.def";
/** Tags of ours; anything else is somebody else's. */
const OURS =
  /<\/?(?:html|head|meta charset="utf-8"|body|h1|p|a|div|span|strong)(?: (?:lang="en"|dir="ltr"|style="[^"<>]*"|href="https:\/\/cs\.example\/review\?link=abc\.def"))*>|<!doctype html>/g;

describe("a review as mail", () => {
  it.each(hostileTexts)("shows $name and obeys none of it", ({ text }) => {
    const mail = mailText(sampleDelivery(hostileReview(text)).render, URL, "ReviewOpened", false);
    expect(mail.subject).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    for (const part of [mail.subject, mail.text, mail.html]) expect(part).not.toMatch(UNSAFE);
    expect(mail.html.replaceAll(OURS, "")).not.toMatch(/[<>]/);
    expect(mail.text.replaceAll(URL, "")).not.toMatch(/:\/\/|www\./i);
    expect(mail.html.replaceAll(/href="[^"]*"/g, "")).not.toMatch(/:\/\/|www\./i);
  });

  it("says that opening decides nothing, and stops asking when it is over", () => {
    const open = mailText(sampleDelivery().render, URL, "ReviewOpened", false);
    expect(open.subject).toBe("Review needed: db.export on db crm");
    expect(open.text).toContain(`Open the review: ${URL}`);
    expect(open.text).toContain("Nothing is decided by opening this link");
    const over = mailText(sampleDelivery({ ...sampleReview, status: "rejected" }).render, URL, "ActionRejected", true);
    expect(over.subject).toBe("Re: Review: rejected: db.export on db crm");
    expect(over.text).toContain("Since the last message: rejected.\nNothing is to be decided any more.");
  });

  it.each(["approved", "rejected", "expired", "cancelled", "edited"] as const)("a subject says how it is now: %s", (status) => {
    const { subject } = mailText(sampleDelivery({ ...sampleReview, status }).render, URL, "ReviewerReminded", true);
    expect(subject).toBe(`Re: Review: ${status}: db.export on db crm`);
  });

  it("asks those who were skipped for a word afterwards, until somebody has said it", () => {
    const usedBy = { issuer: "https://id.example", id: "bob" };
    const closed = { by: usedBy, finding: "justified", reason: "" };
    const after = (state: typeof closed | undefined) =>
      mailText(
        sampleDelivery({ ...sampleReview, status: "approved", afterReview: { usedBy, reason: "fire", skipped: [], closed: state } }).render,
        URL,
        "BreakGlassUsed",
        false,
      );
    expect(after(undefined).subject).toBe("After-review needed: db.export on db crm");
    expect(after(undefined).text).toContain(`countersign close-after-review ${sampleReview.id}`);
    expect(after(closed).subject).toBe("Review: approved: db.export on db crm");
  });

  it("P7: goes on further in where a line is broken, so that no text begins one that looks like ours", () => {
    const { html } = mailText(
      sampleDelivery(hostileReview(`${".".repeat(90)} parameters.dry_run = true`)).render,
      URL,
      "ReviewOpened",
      false,
    );
    const lines = html.match(/<p dir="ltr" style="[^"]*"/g) ?? [];
    expect(lines.length).toBeGreaterThan(10);
    // The first is the title, which stands alone.
    for (const line of lines.slice(1)) expect(line).toContain("margin:0 0 0 32px;text-indent:-32px");
  });

  it("cuts a very long command with its length and digest, in both parts", () => {
    const long = hostileReview(`x${"y".repeat(100_000)}z`);
    const mail = mailText(sampleDelivery(long).render, URL, "ReviewOpened", false);
    for (const part of [mail.text, mail.html]) {
      expect(part).toMatch(/100002 characters, SHA-256 [0-9a-f]{64}/);
      expect(part.length).toBeLessThan(90_000);
    }
    expect(mail.subject.length).toBeLessThan(160);
  });
});
