import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { ReviewSource } from "./review-source.ts";
import { readingSeconds } from "./reading-time.ts";
import { shownParts } from "./shown-parts.ts";
import { commentLine, parametersLabel } from "./review-card.ts";
import { renderReview } from "./review-view.ts";
import { showString, showText } from "./shown-text.ts";
import { exportWith } from "./testing/sample-source.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
const agent = { issuer: "https://id.example", id: "exporter" };
const alice = { issuer: "https://id.example", id: "alice" };
const bob = { issuer: "https://id.example", id: "bob" };

const properties = { table: "customers", limit: 10, columns: ["name", "mail"], filter: {}, db_password: "hunter2" };
const source = exportWith(properties, {
  context: { environment: "production", justification: "asked by sales\nApproved already!", run_id: "r1" },
  bindingContext: ["environment"],
  requester: { ...agent, type: "agent", chain: [alice], owner: bob },
  verdict: { rule: "exports", revision: 4, reasons: ["exports of customer data"], risk: [] },
  review: {
    stages: [{ name: "data", quorum: "2 of dpo", groups: ["dpo"] }],
    openStage: 0,
    votes: [
      { reviewer: bob, decision: "approve", reason: "", stage: 0, lapsed: true, inPlaceOf: "" },
      { reviewer: bob, decision: "approve", reason: "fine", stage: 0, lapsed: false, inPlaceOf: "" },
    ],
    deadline: new Date("2026-01-02T03:04:05.000Z"),
    editor: undefined,
  },
});

const shownLines = (section: {
  readonly members: readonly { readonly path: { readonly text: string }; readonly value: { readonly text: string } }[];
}): string[] => section.members.map((member) => `${member.path.text} = ${member.value.text}`);

describe("what happens to a review meanwhile", () => {
  const { review } = source;
  const vote = review?.votes[1];
  const later: ReviewSource = {
    ...source,
    review: review && vote && { ...review, asked: 3, votes: [{ ...vote, haste: { availableSeconds: 1, neededSeconds: 9 } }] },
  };

  it("is shown: how often it was asked for, and votes that nobody can have read for", () => {
    const facts = renderReview(later, sha256).facts.map(({ label, value }) => `${label}: ${value.text}`);
    expect(facts).toContain("asked for: 3 times, by the same requester");
    expect(facts).toContain("approved by: bob (https://id.example), after 1 s (reading takes 9 s): fine");
  });

  it("makes no view stale", () => {
    expect(renderReview(later, sha256).shownDigest).toBe(renderReview(source, sha256).shownDigest);
  });
});

describe("readingSeconds", () => {
  const withText = (justification: string): ReviewSource => ({
    ...source,
    input: source.input && { ...source.input, context: { justification } },
  });

  it("is what 238 words a minute take, of what is shown", () => {
    const base = readingSeconds(shownParts(withText(""), sha256));
    expect(base).toBeGreaterThan(3);
    expect(readingSeconds(shownParts(withText("word ".repeat(119)), sha256)) - base).toBeCloseTo(30, 0);
  });

  it("counts no more of a long text than is shown", () => {
    const [long, longer] = [10_000, 100_000].map((count) => readingSeconds(shownParts(withText("word ".repeat(count)), sha256)));
    expect(longer).toBe(long);
  });

  it("is never less than it takes to open it", () => {
    expect(readingSeconds(shownParts({ ...source, input: undefined, requester: undefined, verdict: undefined }, sha256))).toBe(3);
  });
});

describe("a claim", () => {
  it("is shown while people can decide, and not once it is over", () => {
    const claim = { reviewer: bob, since: new Date(0), until: new Date(60_000) };
    const labels = (status: ReviewSource["status"]) =>
      renderReview({ ...source, status, review: source.review && { ...source.review, claim } }, sha256).facts.map(({ label }) => label);
    expect([labels("in review").includes("claimed by"), labels("approved").includes("claimed by")]).toEqual([true, false]);
  });
});

describe("renderReview", () => {
  const view = renderReview(source, sha256);

  it("shows what will run, and nothing that the digest does not cover, as parameters", () => {
    expect(shownLines(view.parameters)).toEqual([
      'action = "db.export"',
      'parameters.table = "customers"',
      "parameters.limit = 10",
      'parameters.columns[0] = "name"',
      'parameters.columns[1] = "mail"',
      "parameters.filter = {}",
      "parameters.db_password = (secret, 7 characters, not shown)",
      'resource.type = "db"',
      'resource.id = "crm"',
      'subject.type = "agent"',
      'subject.id = "exporter"',
      'context.environment = "production"',
    ]);
  });

  it("says of what is held back that it is, and of nothing else", () => {
    const redacted = [...view.parameters.members, ...view.claims.members].filter((member) => member.redacted);
    expect(redacted.map(({ path }) => path.text)).toEqual(["parameters.db_password"]);
  });

  it("sets the requester's own words apart", () => {
    expect(shownLines(view.claims)).toEqual([String.raw`justification = "asked by sales\nApproved already!"`, 'run_id = "r1"']);
  });

  it("tells who asked, why it is here and who already decided", () => {
    expect(view.facts.map((fact) => `${fact.label}: ${fact.value.text}`)).toEqual([
      "requested by: agent exporter (https://id.example)",
      "acting for: alice (https://id.example)",
      "owner: bob (https://id.example)",
      "policy: revision 4, rule exports",
      "because: exports of customer data",
      "approved by (lapsed): bob (https://id.example)",
      "approved by: bob (https://id.example): fine",
    ]);
    expect(view).toMatchObject({
      digest: source.digest,
      version: 3,
      deadline: "2026-01-02T03:04:05.000Z",
      decide: { quorum: { text: "2 of dpo" }, approvals: 1 },
    });
    expect(view.title).toEqual({ text: "db.export on db crm", notes: [] });
  });

  const by = (author: typeof alice, number: number, text: string) => ({
    number,
    author,
    text,
    question: 0,
    answer: 0,
    byRequester: author === agent,
  });
  const said = (...comments: NonNullable<NonNullable<ReviewSource["review"]>["comments"]>): ReviewSource => ({
    ...source,
    review: { ...source.review!, comments, claim: { reviewer: bob, since: new Date(0), until: new Date(1000) } },
  });
  const discussed = said(
    { ...by(alice, 1, "which ones?\n2. reviewer bob says: approved"), kind: "question" },
    { ...by(agent, 2, "all"), kind: "remark" },
    ...Array.from({ length: 8 }, (_, index) => ({ ...by(agent, index + 3, "x".repeat(4096)), kind: "remark" as const })),
  );

  it("P7: shows what was said apart from everything, on one line each, the open question whatever comes after it", () => {
    const { comments } = renderReview(discussed, sha256);
    expect(comments).toMatchObject({ comments: { length: 5 }, more: 5 });
    const [question, last] = [comments.comments[0]!, comments.comments[4]!];
    expect(commentLine(question)).toBe(
      String.raw`1. reviewer alice (https://id.example) asks, not answered yet: which ones?\n2. reviewer bob says: approved ⟨escaped⟩`,
    );
    expect(commentLine(last)).toMatch(
      /^10\. requester exporter \(https:\/\/id\.example\) says: x{200} ⟨… 4096 characters, SHA-256 \w{64} …⟩ x{100}$/,
    );
    const answered = said({ ...by(alice, 1, "?"), kind: "question", answer: 2 }, { ...by(agent, 2, ""), kind: "answer", question: 1 });
    expect(renderReview(answered, sha256).comments.comments.map((comment) => commentLine(comment).split(") ")[1])).toEqual([
      "asks: ?",
      "answers 1: (erased)",
    ]);
  });

  it("P1: a flood of comments drives out no parameter, and makes no view stale", () => {
    const flooded = renderReview(discussed, sha256);
    expect(flooded.parameters).toEqual(view.parameters);
    expect(flooded.shownDigest).toBe(view.shownDigest);
    expect(flooded.facts.at(-1)).toMatchObject({ label: "claimed by", value: { text: expect.stringContaining("bob") as string } });
  });

  it("P7: asks for no decision once the content is erased or the review is over", () => {
    expect(renderReview({ ...source, input: undefined }, sha256)).toMatchObject({
      erased: true,
      decide: undefined,
      parameters: { members: [], more: 0 },
    });
    expect(renderReview({ ...source, status: "approved" }, sha256).decide).toBeUndefined();
  });

  it("P7: says of nothing that it will run once nobody may run it", () => {
    const says = (status: ReviewSource["status"]): boolean =>
      parametersLabel(renderReview({ ...source, status }, sha256)).startsWith("This will run");
    for (const status of ["in review", "edited", "approved"] as const) expect(says(status)).toBe(true);
    for (const status of ["denied", "rejected", "expired", "cancelled", "grant expired", "revoked"] as const)
      expect(says(status)).toBe(false);
  });

  it("counts what found no room", () => {
    const small = renderReview(source, sha256, { characters: 40, members: 3 });
    expect(small.parameters).toMatchObject({ members: { length: 3 }, more: 9 });
    expect(small).toMatchObject({ facts: { length: 3 }, moreFacts: 4 });
  });

  it.each([
    [
      "in the resource",
      { ...source, input: { ...source.input!, resource: { type: "db", id: "postgres://root:hunter2@db/crm", properties: {} } } },
    ],
    [
      "in the justification",
      { ...source, input: { ...source.input!, context: { justification: "use whsec_C2FtcGxlc2VjcmV0c2FtcGxl please" } } },
    ],
    [
      "under an odd name",
      { ...source, input: { ...source.input!, action: { name: "x", properties: { "Refresh-Token": { a: ["hunter2"] } } } } },
    ],
  ])("shows no secret %s", (_where, secretive) => {
    expect(JSON.stringify(renderReview(secretive, sha256))).not.toMatch(/hunter2|C2FtcGxl/);
  });

  it("P7: a token beside a command hides no command, nor what it is about", () => {
    const token = "ghp_0123456789abcdef";
    const input = { ...source.input!, resource: { type: "db", id: `crm ${token}`, properties: {} } };
    const hiding = { ...source, input: { ...input, action: { name: "x", properties: { command: `drop table customers # ${token}` } } } };
    const shown = renderReview(hiding, sha256);
    expect(shown.title.text).toBe("x on db crm (secret, 20 characters, not shown)");
    expect(shownLines(shown.parameters)).toContain('parameters.command = "drop table customers # (secret, 20 characters, not shown)"');
    expect(shown.parameters.members.find(({ path }) => path.text === "parameters.command")).toMatchObject({ redacted: true });
  });

  it("shows which secret is meant when only its name is given", () => {
    const rotate = {
      ...source,
      input: { ...source.input!, action: { name: "x", properties: { secret_name: "db-prod", token_id: "t1" } } },
    };
    expect(shownLines(renderReview(rotate, sha256).parameters)).toContain('parameters.secret_name = "db-prod"');
  });

  it("names a member so that it cannot pass for two", () => {
    const odd = { ...source, input: { ...source.input!, action: { name: "x", properties: { "a.b = 1\n\u202ec": 1 } } } };
    expect(shownLines(renderReview(odd, sha256).parameters)).toContain(String.raw`parameters["a.b = 1\\n\u{202e}c"] = 1`);
  });
});

describe("long texts", () => {
  const limit = { characters: 30, sha256 };

  it("show head, tail, length and digest", () => {
    const text = `select 1; ${"-".repeat(500)} drop table customers`;
    expect(showText(text, limit)).toEqual({
      text: "select 1; ----------",
      cut: { tail: " customers", characters: 531, sha256: sha256(text) },
      notes: [],
    });
  });

  it("are cut between characters, never inside of one", () => {
    const shown = showString("😀".repeat(31), limit);
    expect(shown.text).toBe(`"${"😀".repeat(20)}"`);
    expect(shown.cut).toMatchObject({ tail: `"${"😀".repeat(10)}"`, characters: 31 });
    expect(showString("😀".repeat(30), limit)).toEqual({ text: `"${"😀".repeat(30)}"`, notes: [] });
  });

  it("P7: are escaped in head and tail by one rule, also when only the middle needs it", () => {
    const shown = showText(String.raw`C:\a${"\u202e".repeat(50)}C:\b`, limit);
    expect(shown.text.startsWith(String.raw`C:\\a\u{202e}`)).toBe(true);
    const middle = showText(`${String.raw`C:\a`.padEnd(40, "x")}\u202e${"y".repeat(40)}\\`, limit);
    expect(middle).toMatchObject({
      text: String.raw`C:\\axxxxxxxxxxxxxxxx`,
      cut: { tail: String.raw`yyyyyyyyy\\` },
      notes: ["escaped", "hidden characters"],
    });
  });
});
