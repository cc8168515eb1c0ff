import { createHash } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { sampleArchive, START, STEP, sampleLog, splitTar, type TarMember } from "../testing.ts";
import { createHtmlReporter } from "./html-reporter.ts";

const HOSTILE = `</pre><script>alert(1)</script><img src=x onerror="x">'\u202e\`&`;

describe("P8: the report of an archive", () => {
  let members: TarMember[];
  const text = (name: string): string => members.find((member) => member.name === name)?.body.toString() ?? "";
  beforeAll(async () => {
    const reporter = createHtmlReporter({
      tenant: "acme<b>",
      ledger: "main",
      from: undefined,
      to: new Date(START + 6 * STEP),
      describe: ({ type }) => `${type} ${HOSTILE}`,
    });
    const log = await sampleLog({ actions: 8, hostile: HOSTILE });
    members = splitTar((await sampleArchive(log, { to: 6, reporter })).bytes);
  });

  it("has a section for each action, with every event and its input", () => {
    const page = text("report/actions-000000.html");
    for (const id of ["a-0", "a-5"]) expect(page).toContain(`<h2 id="action ${id}">action ${id}</h2>`);
    expect(page).toContain("customers a-3");
    expect(page.match(/<td>GrantIssued<\/td>/g)).toHaveLength(6);
    expect(text("report/index.html")).toContain("<tr><td>GrantIssued</td><td>6</td></tr>");
  });

  it("lets no text of others become markup, and nothing of it run", () => {
    for (const { name, body } of members.filter((member) => member.name.startsWith("report/"))) {
      const page = body.toString();
      expect(page, name).toContain("Content-Security-Policy\" content=\"default-src 'none'");
      expect(page, name).not.toMatch(/<script|<img|<b>|\u202e/);
      expect(page.match(/<\/pre>/g)?.length ?? 0, name).toBe(page.match(/<pre>/g)?.length ?? 0);
    }
  });

  it("has a style that its own policy allows", () => {
    const page = text("report/index.html");
    const style = /<style>([^]*)<\/style>/.exec(page)?.[1] ?? "";
    expect(page).toContain(`'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  });

  it("says nothing of other tenants", () => {
    for (const { name, body } of members) expect(body.includes("globex"), name).toBe(false);
  });
});
