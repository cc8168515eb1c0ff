import { type Command, InvalidArgumentError } from "commander";
import { globalOptions, withContext, type Io } from "../context.ts";
import { UsageError } from "../errors.ts";
import { parseCount, parsePastMoment, parseResource } from "../parse.ts";
import { Cursor } from "../replay/cursor.ts";
import { Pace, parseRate, parseSpeed, type Speed } from "../replay/pace.ts";
import { replay, type Replayed } from "../replay/replay.ts";
import { fileSink, natsSink, terminalSink, type Sink } from "../replay/sinks.ts";
import { databaseSource, frontDoorSource, nextPosition, type Batch, type Wanted } from "../replay/sources.ts";

type Options = {
  readonly fromPosition?: bigint;
  readonly toPosition?: bigint;
  readonly from?: Date;
  readonly to?: Date;
  readonly type?: string[];
  readonly action?: string;
  readonly actor?: { readonly issuer: string; readonly id: string };
  readonly subject?: { readonly type: string; readonly id: string };
  readonly limit: bigint;
  readonly output?: string;
  readonly nats?: string;
  readonly natsSubject?: string;
  readonly natsPrefix: string;
  readonly database?: string;
  readonly ledger: string;
  readonly tenant?: string;
  readonly speed?: Speed;
  readonly rate?: Speed;
  readonly cursor?: string;
};

/** The event stream for people and programs: as it comes, and once more. */
export function addEventCommands(program: Command, io: Io): void {
  const events = program.command("events").description("the tenant's events, in order");
  withFilters(
    events
      .command("tail")
      .description("print events as they happen: from now on, or first those from --from-position, --from or --cursor on"),
  ).action((options: Options, command: Command) => run(command, io, options, true));
  withFilters(events.command("replay").description("send recorded events once more: to the terminal, a file or a NATS subject"))
    .option("--speed <speed>", "max, or as it happened times a factor, such as 2x; default: max", parseSpeed)
    .option("--rate <rate>", "at most that many, such as 500/s", parseRate)
    .option("--output <file>", "add JSON lines to a file")
    .option("--nats <url>", "publish entries on this NATS, to --nats-subject")
    .option("--nats-subject <subject>", "never a live one")
    .option("--nats-prefix <prefix>", "first token of this deployment's live subjects", io.env["COUNTERSIGN_NATS_PREFIX"] ?? "cs")
    .action((options: Options, command: Command) => run(command, io, options, false));
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

async function run(command: Command, io: Io, options: Options, follow: boolean): Promise<void> {
  refuseContradictions(options);
  const cursor = options.cursor === undefined ? undefined : new Cursor(options.cursor);
  const from = options.fromPosition === undefined ? cursor?.read() : Number(options.fromPosition);
  const fromNow = follow && options.from === undefined;
  if (options.database !== undefined) {
    const { database, ledger } = options;
    const start = from ?? (fromNow ? await nextPosition(database, ledger) : 0);
    const source = (wanted: Wanted) => databaseSource(database, ledger, wanted, io.signal);
    report(io, command, await send(command, io, options, { follow, from: start, cursor }, source));
    return;
  }
  if (options.tenant !== undefined) throw new UsageError("--tenant goes with --database: otherwise it is the caller's");
  await withContext(command, io, async ({ client, signal }) => {
    const source = (wanted: Wanted) => frontDoorSource(client, wanted, signal);
    // What is not sealed yet is younger than a second.
    const start = from ?? (fromNow ? Number((await client.audit.getCheckpoint({})).size) : 0);
    report(io, command, await send(command, io, options, { follow, from: start, cursor }, source));
  });
}

async function send(
  command: Command,
  io: Io,
  options: Options,
  where: { readonly follow: boolean; readonly from: number; readonly cursor: Cursor | undefined },
  open: (wanted: Wanted) => AsyncIterable<Batch>,
): Promise<Replayed> {
  const speed = options.rate ?? options.speed ?? { kind: "max" };
  const sink = await openSink(command, io, options);
  try {
    const wanted: Wanted = {
      ...where,
      to: options.toPosition === undefined ? undefined : Number(options.toPosition),
      types: options.type ?? [],
      actor: options.actor,
      subject: options.subject,
      startTime: options.from,
      endTime: options.to,
      action: options.action,
      tenant: options.tenant,
    };
    const limit = options.limit === 0n ? Number.POSITIVE_INFINITY : Number(options.limit);
    return await replay(open(wanted), where.from, { sink, speed, pace: new Pace(speed), limit, cursor: where.cursor, signal: io.signal });
  } finally {
    await sink.close();
  }
}

async function openSink(command: Command, io: Io, options: Options): Promise<Sink> {
  if (options.output !== undefined) return fileSink(options.output);
  if (options.nats === undefined)
    return terminalSink(io.out, { json: globalOptions(command).json === true, withTenant: options.database !== undefined });
  return natsSink(options.nats, options.natsSubject ?? "", ["cs", options.natsPrefix]);
}

function refuseContradictions({ output, nats, natsSubject, speed, rate, toPosition }: Options): void {
  if ((nats === undefined) !== (natsSubject === undefined)) throw new UsageError("--nats and --nats-subject go together");
  if (nats !== undefined && output !== undefined) throw new UsageError("either --output or --nats");
  if (speed !== undefined && rate !== undefined) throw new UsageError("either --speed or --rate");
  if (toPosition === 0n) throw new UsageError("--to-position 0 asks for nothing");
}

/** What was sent elsewhere is told; on the terminal one sees it. */
function report(io: Io, command: Command, { events, next, seconds }: Replayed): void {
  const options = command.opts<Options>();
  if (options.output === undefined && options.nats === undefined) return;
  const rate = seconds === 0 ? 0 : Math.round(events / seconds);
  io.out.write(`${events} events in ${seconds.toFixed(1)} s (${rate}/s); the next position is ${next}\n`);
}

function parseActor(text: string): { readonly issuer: string; readonly id: string } {
  const bar = text.lastIndexOf("|");
  if (bar < 1 || bar === text.length - 1) throw new InvalidArgumentError("must be issuer|id, for example https://idp.example|ann");
  return { issuer: text.slice(0, bar), id: text.slice(bar + 1) };
}
