import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { BacktestPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import type { Command } from "commander";
import { backtestText, Causes } from "../backtest-text.ts";
import { globalOptions, withContext, type Context, type Io } from "../context.ts";
import { parsePastMoment, readBytes } from "../parse.ts";

type Options = { readonly from: Date; readonly to?: Date };

/** Tries a document on what was asked, before it is published. */
export function addPolicyBacktestCommand(policy: Command, io: Io): void {
  policy
    .command("backtest")
    .description("what a document would have answered to what was asked; it is not stored")
    .argument("<file>", "need not be published")
    .option("--from <time>", "verdicts at this time or later; 30d: thirty days ago; default: 7d", parsePastMoment, parsePastMoment("7d"))
    .option("--to <time>", "verdicts before this time; 12h: twelve hours ago; default: now", parsePastMoment)
    .action((file: string, options: Options, command: Command) =>
      withContext(command, io, (context) => backtest(context, file, options, globalOptions(command).json === true)),
    );
}

async function backtest({ client, output, signal }: Context, file: string, { from, to }: Options, json: boolean): Promise<void> {
  const document = readBytes(file).toString("utf8");
  const request = { document, from: timestampFromDate(from), ...(to && { to: timestampFromDate(to) }) };
  const causes = new Causes();
  for await (const said of client.policies.backtestPolicy(request, { signal })) {
    const { message } = said;
    if (json && message.case !== "progress") output.message(BacktestPolicyResponseSchema, said, () => "");
    if (message.case === "difference" && !json) causes.add(message.value);
    if (message.case !== "result") continue;
    if (!json) output.line(backtestText(message.value, causes));
    return;
  }
  throw new Error("the backtest ended before its end");
}
