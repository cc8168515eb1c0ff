import { type Command, InvalidArgumentError } from "commander";
import type { Io } from "../context.ts";
import { parseCount, parsePastMoment, parseResource } from "../parse.ts";
import { parseRate, parseSpeed } from "../replay/pace.ts";
import type { ReplayOptions } from "../replay/run.ts";

/** The event stream for people and programs: as it comes, and once more. */
export function addEventCommands(program: Command, io: Io): void {
  const events = program.command("events").description("the tenant's events, in order");
  withFilters(
    events
      .command("tail")
      .description("print events as they happen: from now on, or first those from --from-position, --from or --cursor on"),
  ).action((options: ReplayOptions, command: Command) => run(command, io, options, true));
  withFilters(events.command("replay").description("send recorded events once more: to the terminal, a file or a NATS subject"))
    .option("--speed <speed>", "max, or as it happened times a factor, such as 2x; default: max", parseSpeed)
    .option("--rate <rate>", "at most that many, such as 500/s", parseRate)
    .option("--output <file>", "add JSON lines to a file")
    .option("--nats <url>", "publish entries on this NATS, to --nats-subject")
    .option("--nats-subject <subject>", "never a live one")
    .option("--nats-prefix <prefix>", "first token of this deployment's live subjects", io.env["COUNTERSIGN_NATS_PREFIX"] ?? "cs")
    .action((options: ReplayOptions, command: Command) => run(command, io, options, false));
}

function withFilters(command: Command): Command {
  return command
    .option("--from-position <n>", "first position", parseCount)
    .option("--to-position <n>", "stop before this position", parseCount)
    .option("--from <time>", "this time or later, such as 2026-01-31T12:30:05Z; 5d: five days ago", parsePastMoment)
    .option("--to <time>", "earlier than this time; 12h: twelve hours ago", parsePastMoment)
    .option("--type <type...>", "only these types")
    .option("--action <id>", "only of this action")
    .option("--actor <issuer|id>", "only what this principal caused", parseActor)
    .option("--subject <type:id>", "only of actions for this subject", parseResource)
    .option("--limit <n>", "stop after that many", parseCount, 0n)
    .option("--cursor <file>", "go on where the last one with this file stopped")
    .option("--database <url>", "read straight from the database, all tenants: for who runs it")
    .option("--ledger <name>", "with --database", "main")
    .option("--tenant <tenant>", "with --database: only this tenant's");
}

/** Database and bus are loaded by who reads events, not by every command. */
async function run(command: Command, io: Io, options: ReplayOptions, follow: boolean): Promise<void> {
  const { runReplay } = await import("../replay/run.ts");
  await runReplay(command, io, options, follow);
}

function parseActor(text: string): { readonly issuer: string; readonly id: string } {
  const bar = text.lastIndexOf("|");
  if (bar < 1 || bar === text.length - 1) throw new InvalidArgumentError("must be issuer|id, for example https://idp.example|ann");
  return { issuer: text.slice(0, bar), id: text.slice(bar + 1) };
}
