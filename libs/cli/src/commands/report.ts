import { writeFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { GetReportResponseSchema, type ReportFinding } from "@countersign/proto/v1/audit_service_pb";
import { Option, type Command } from "commander";
import { globalOptions, withContext, type Context, type Io } from "../context.ts";
import { AnswerIsNo } from "../errors.ts";
import { table } from "../output.ts";
import { parsePastMoment } from "../parse.ts";
import { findingsIn, latencyText, periodText, positionsText, SECTIONS, type Report } from "../report/report.ts";

type Period = { readonly from?: Date; readonly to?: Date };
type Options = Period & { readonly html?: string; readonly csv?: boolean };

/** What auditors ask of a period: compliance, alarms. */
export function addReportCommands(program: Command, io: Io): void {
  withPeriod(
    program
      .command("compliance")
      .description(
        "what happened in a period, who approved what, what was refused, and the controls for which it is evidence, with positions",
      ),
  )
    .addOption(new Option("--html <file>", "write a page to this file").conflicts("csv"))
    .option("--csv", "print a table")
    .action((options: Options, command: Command) =>
      withContext(command, io, async (context) => {
        const report = await fetchReport(context, options);
        if (options.html !== undefined) {
          const { reportHtml } = await import("../report/report-html.ts");
          writeFileSync(options.html, reportHtml(report));
          context.output.line(`${options.html}: ${report.result.events} events`);
        } else if (options.csv === true) {
          const { reportCsv } = await import("../report/report-csv.ts");
          io.out.write(reportCsv(report));
        } else print(report, context, globalOptions(command).json === true);
      }),
    );
  withPeriod(
    program
      .command("alarms")
      .description("executions that do not add up: used and not reported, another output, used after the end of the grant"),
  ).action((options: Period, command: Command) =>
    withContext(command, io, async (context) => {
      const alarms = findingsIn(await fetchReport(context, options), "alarms").filter(({ count }) => count > 0n);
      if (globalOptions(command).json === true) for (const alarm of alarms) printMessage(context, { case: "finding", value: alarm });
      else context.output.line(alarms.length === 0 ? "none" : alarms.map(findingText).join("\n\n"));
      if (alarms.length > 0) throw new AnswerIsNo(`${alarms.reduce((sum, { count }) => sum + count, 0n)} alarms`);
    }),
  );
}

function withPeriod(command: Command): Command {
  return command
    .option("--from <time>", "events at this time or later; 5d: five days ago; default: the first event", parsePastMoment)
    .option("--to <time>", "events before this time; 12h: twelve hours ago; default: now", parsePastMoment);
}

async function fetchReport({ client, signal }: Context, { from, to }: Period): Promise<Report> {
  const request = {
    ...(from === undefined ? {} : { from: timestampFromDate(from) }),
    ...(to === undefined ? {} : { to: timestampFromDate(to) }),
  };
  const findings: ReportFinding[] = [];
  for await (const { message } of client.audit.getReport(request, { signal })) {
    if (message.case === "finding") findings.push(message.value);
    if (message.case === "result") return { findings, result: message.value };
  }
  throw new Error("the report ended before its end");
}

function print(report: Report, context: Context, json: boolean): void {
  const { findings, result } = report;
  if (json) {
    for (const finding of findings) printMessage(context, { case: "finding", value: finding });
    printMessage(context, { case: "result", value: result });
    return;
  }
  const sections = SECTIONS.map(([name, title]) => [title.toUpperCase(), ...findingsIn(report, name).map(findingText)].join("\n"));
  const controls = result.controls.map((control) => [
    `${control.framework} ${control.control}`,
    control.title,
    String(control.count),
    positionsText(control),
  ]);
  context.output.line(
    [
      `${result.events} events, ${periodText(result.from, result.to)}`,
      latencyText(result.latency),
      ...sections,
      `CONTROLS\n${table(["CONTROL", "ASKS FOR", "EVENTS", "POSITIONS"], controls)}`,
    ].join("\n\n"),
  );
}

type Message = NonNullable<Parameters<typeof create<typeof GetReportResponseSchema>>[1]>["message"];

function printMessage({ output }: Context, message: Exclude<Message, undefined>): void {
  output.message(GetReportResponseSchema, create(GetReportResponseSchema, { message }), () => "");
}

/** How often, and then who and where. */
function findingText(finding: ReportFinding): string {
  const { text, count, lines, inNoLine } = finding;
  const head = count === 0n ? `0 ${text}` : `${count} ${text} (at ${positionsText(finding)})`;
  if (lines.length === 0) return head;
  const rows = lines.map((line) => [line.subject, line.detail, String(line.count), positionsText(line)]);
  const more = inNoLine === 0n ? [] : [`${inNoLine} more, in no line`];
  return [head, table(["WHO", "WHAT", "COUNT", "POSITIONS"], rows), ...more].join("\n");
}
