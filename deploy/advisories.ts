/** The part of `pnpm audit --json` that we read. */
export type AuditReport = {
  readonly error?: { readonly code: string; readonly message: string };
  readonly advisories?: Readonly<
    Record<string, { readonly module_name: string; readonly severity: string; readonly title: string; readonly url: string }>
  >;
};

/** `unanswered`: the registry does not answer this question, as mirrors often do not; says nothing about the packages. */
export type Judgement = { readonly outcome: "clean" | "flawed" | "unanswered"; readonly lines: readonly string[] };

const HARMLESS = new Set(["info", "low"]);

/** Moderate and worse fail; what is lower is told. A report of a shape that we do not know is no answer. */
export function judgeAdvisories(report: AuditReport): Judgement {
  if (report.error !== undefined || report.advisories === undefined) {
    return { outcome: "unanswered", lines: [report.error?.message ?? "The registry's answer has no `advisories`."] };
  }
  const advisories = Object.values(report.advisories);
  return {
    outcome: advisories.every(({ severity }) => HARMLESS.has(severity)) ? "clean" : "flawed",
    lines: advisories.map(({ module_name, severity, title, url }) => `${severity}: ${module_name}: ${title} (${url})`),
  };
}
