import type { Command } from "commander";
import { globalOptions, withContext, type Io } from "../context.ts";
import { UsageError } from "../errors.ts";
import { Cursor } from "./cursor.ts";
import { Pace, type Speed } from "./pace.ts";
import { replay, type Replayed } from "./replay.ts";
import { fileSink, natsSink, terminalSink, type Sink } from "./sinks.ts";
import { databaseSource, frontDoorSource, nextPosition, type Batch, type Wanted } from "./sources.ts";

/** What `events tail` and `events replay` are told. */
export type ReplayOptions = {
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

/** Reads events where the options say, and sends them where they say; `follow`: and goes on as they happen. */
export async function runReplay(command: Command, io: Io, options: ReplayOptions, follow: boolean): Promise<void> {
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
  options: ReplayOptions,
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

async function openSink(command: Command, io: Io, options: ReplayOptions): Promise<Sink> {
  if (options.output !== undefined) return fileSink(options.output);
  if (options.nats === undefined)
    return terminalSink(io.out, { json: globalOptions(command).json === true, withTenant: options.database !== undefined });
  return natsSink(options.nats, options.natsSubject ?? "", ["cs", options.natsPrefix]);
}

function refuseContradictions({ output, nats, natsSubject, speed, rate, toPosition }: ReplayOptions): void {
  if ((nats === undefined) !== (natsSubject === undefined)) throw new UsageError("--nats and --nats-subject go together");
  if (nats !== undefined && output !== undefined) throw new UsageError("either --output or --nats");
  if (speed !== undefined && rate !== undefined) throw new UsageError("either --speed or --rate");
  if (toPosition === 0n) throw new UsageError("--to-position 0 asks for nothing");
}

/** What was sent elsewhere is told; on the terminal one sees it. */
function report(io: Io, command: Command, { events, next, seconds }: Replayed): void {
  const options = command.opts<ReplayOptions>();
  if (options.output === undefined && options.nats === undefined) return;
  const rate = seconds === 0 ? 0 : Math.round(events / seconds);
  io.out.write(`${events} events in ${seconds.toFixed(1)} s (${rate}/s); the next position is ${next}\n`);
}
