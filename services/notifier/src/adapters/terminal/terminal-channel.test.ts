import type { ReviewSource } from "@countersign/review-view";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import { terminalChannel, type TerminalOutput } from "./terminal-channel.ts";

async function printed(
  source: ReviewSource,
  output: Partial<TerminalOutput> = {},
  type: "ReviewOpened" | "ActionApproved" = "ReviewOpened",
): Promise<string> {
  let text = "";
  const channel = terminalChannel({
    name: "terminal",
    tenants: "all",
    output: {
      write: (part, done) => {
        text += part;
        done();
      },
      ...output,
    },
  });
  const delivery = sampleDelivery(source);
  await channel.deliver({ ...delivery, event: { ...delivery.event, type } }, AbortSignal.timeout(20_000));
  return text;
}

describe("terminal", () => {
  it("shows what a reviewer needs", async () => {
    expect(await printed(sampleReview)).toBe(`┌─ Review
│               db.export on db crm
│ action        0198c5f0-0000-7000-8000-000000000001
│ tenant        acme
│ status        in review
│ requested by  agent exporter (https://id.example)
│ policy        revision 4, rule exports
│ because       exports of customer data
│
│ This will run, and the digest covers all of it:
│   action = "db.export"
│   parameters.table = "customers"
│   parameters.limit = 10
│   resource.type = "db"
│   resource.id = "crm"
│   subject.type = "agent"
│   subject.id = "exporter"
│   context.environment = "production"
│
│ The requester says (not checked, not covered by the digest):
│ ┊ justification = "asked by sales"
│
│ digest        ${sampleReview.digest}
│ version       3
│ deadline      2026-01-02 03:04:05Z
│ needs         1 of dpo
│ decide        countersign approve 0198c5f0-0000-7000-8000-000000000001 --digest ${sampleReview.digest}
│               countersign reject 0198c5f0-0000-7000-8000-000000000001 --reason "..."
└─
`);
  });

  it("says on one line what became of it", async () => {
    expect(await printed({ ...sampleReview, status: "approved" }, {}, "ActionApproved")).toBe(
      "■ approved: db.export on db crm (action 0198c5f0-0000-7000-8000-000000000001, now approved)\n",
    );
  });

  it("uses colours on a terminal only", async () => {
    expect(await printed(sampleReview, { isTTY: true })).toContain("\u001b[1m");
    expect(await printed(sampleReview)).not.toContain("\u001b");
  });

  it("P7: hostile text can neither draw a line of the card nor reach the terminal", async () => {
    const hostile = JSON.parse(
      readFileSync(new URL("../../../../../libs/review-view/testdata/hostile.json", import.meta.url), "utf8"),
    ) as readonly {
      text: string;
    }[];
    for (const { text } of hostile) {
      const card = await printed({
        ...sampleReview,
        input: {
          ...sampleReview.input!,
          action: { name: "x", properties: { [text]: text } },
          resource: { type: text, id: text, properties: {} },
          context: { justification: `${text}\n│ status        approved`, "│ status": "日".repeat(60) + "│ status        approved" },
        },
        requester: { ...sampleReview.requester!, id: text },
        verdict: { rule: text, revision: 1, reasons: [text], risk: [] },
      });
      expect(card).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      const lines = card.trimEnd().split("\n");
      expect(lines.slice(1, -1).filter((line) => !line.startsWith("│"))).toEqual([]);
      expect(lines.filter((line) => line.startsWith("│ status"))).toEqual(["│ status        in review"]);
      expect(lines.slice(1).filter((line) => line.slice(1).includes("│"))).toEqual([]);
    }
  });

  it("breaks long lines itself, so that each part has its bar", async () => {
    const wide = { ...sampleReview, input: { ...sampleReview.input!, action: { name: "x", properties: { text: "日".repeat(100) } } } };
    const card = (await printed(wide, { columns: 60 })).trimEnd().split("\n");
    const lines = card.filter((line) => !line.includes("countersign "));
    const columns = (line: string): number => Array.from(line).reduce((sum, character) => sum + (character === "日" ? 2 : 1), 0);
    expect(Math.max(...lines.map(columns))).toBeLessThanOrEqual(60);
  });

  it("counts a broken output as not delivered", async () => {
    await expect(printed(sampleReview, { write: (_text, done) => done(new Error("EPIPE")) })).rejects.toThrow("cannot be written");
  });
});
