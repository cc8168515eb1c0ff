// No installed package has a known vulnerability. A registry that cannot tell leaves the question open, and the table says so.
import { judgeAdvisories, type AuditReport } from "./advisories.ts";
import { pnpm } from "./pnpm.ts";

/** EX_TEMPFAIL of sysexits.h: not clean, not flawed; try again where the registry answers. */
const UNANSWERED = 75;

const { stdout, stderr } = pnpm(["audit", "--json"]);
const { outcome, lines } = judgeAdvisories(parse(stdout));
for (const line of lines) process.stderr.write(`${line}\n`);
if (outcome === "flawed") process.stderr.write("Update the package, or override its version in pnpm-workspace.yaml.\n");
process.exitCode = { clean: 0, flawed: 1, unanswered: UNANSWERED }[outcome];

function parse(text: string): AuditReport {
  try {
    return JSON.parse(text) as AuditReport;
  } catch {
    return { error: { code: "NO_JSON", message: `${text}${stderr}`.trim() } };
  }
}
