import {
  EventSchema,
  GetTimelineResponseSchema,
  ListDeadLettersResponseSchema,
  RebuildProjectionResponseSchema,
  ReplayDeadLettersResponseSchema,
  VerifyLedgerResponseSchema,
  type Event,
} from "@countersign/proto/v1/audit_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { AnswerIsNo } from "../errors.ts";
import { hex, moment, table } from "../output.ts";
import { parseCount } from "../parse.ts";

/** What auditors and SREs do: timeline, events, fsck, rebuild, dead-letters. */
export function addAuditCommands(program: Command, io: Io): void {
  program
    .command("timeline")
    .description("all that happened to an action")
    .argument("<id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.getTimeline({ actionId });
        output.message(GetTimelineResponseSchema, reply, () =>
          table(
            ["POSITION", "TIME", "EVENT", ""],
            reply.entries.map(({ event, text }) => [String(event?.position ?? ""), moment(event?.eventTime), event?.type ?? "", text]),
          ),
        );
      }),
    );
  program
    .command("events")
    .description("the tenant's events, in order")
    .option("--from <position>", "first position", parseCount, 0n)
    .option("--follow", "stay and print what comes")
    .option("--type <type...>", "only these types")
    .option("--limit <n>", "stop after that many", parseCount, 0n)
    .action((options: { from: bigint; follow?: boolean; type?: string[]; limit: bigint }, command: Command) =>
      withContext(command, io, async ({ client, output, signal }) => {
        const request = { fromPosition: options.from, follow: options.follow === true, types: options.type ?? [], limit: options.limit };
        for await (const { event } of client.audit.streamEvents(request, { signal })) {
          if (event !== undefined) output.message(EventSchema, event, () => eventLine(event));
        }
      }),
    );
  addLedgerCommands(program, io);
  addDeadLetterCommands(program, io);
}

function addLedgerCommands(program: Command, io: Io): void {
  program
    .command("fsck")
    .description("read the whole ledger and check everything in it")
    .action((_options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.verifyLedger({}, { timeoutMs: 3_600_000 });
        output.message(VerifyLedgerResponseSchema, reply, () => {
          const flaws = table(
            ["POSITION", "FLAW", "DETAIL"],
            reply.flaws.map((flaw) => [String(flaw.position), flaw.kind, flaw.detail]),
          );
          return `${reply.events} events, root ${hex(reply.rootHash)}\n${reply.flaws.length === 0 ? "no flaws" : flaws}`;
        });
        if (reply.flaws.length > 0) throw new AnswerIsNo("the ledger is not as it was written");
      }),
    );
  program
    .command("rebuild")
    .description("build projections anew from the log, compare, and switch")
    .argument("[name]", "default: all")
    .action((name: string | undefined, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.rebuildProjection({ name: name ?? "" }, { timeoutMs: 3_600_000 });
        output.message(RebuildProjectionResponseSchema, reply, () =>
          table(
            ["PROJECTION", "ROWS", "POSITION", "DIGEST", ""],
            reply.rebuilds.map(({ name: projection, rebuilt, identical }) => [
              projection,
              String(rebuilt?.rows ?? 0n),
              String(rebuilt?.position ?? 0n),
              hex(rebuilt?.digest ?? new Uint8Array()),
              identical ? "identical" : "DIFFERED from the live one, which was replaced",
            ]),
          ),
        );
        if (reply.rebuilds.some(({ identical }) => !identical)) throw new AnswerIsNo("a projection was not what the log says");
      }),
    );
}

function addDeadLetterCommands(program: Command, io: Io): void {
  const deadLetters = program.command("dead-letters").description("events that a consumer could not handle");
  deadLetters
    .command("list")
    .description("what waits, and why")
    .option("--consumer <name>", "only of this one", "")
    .action((options: { consumer: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.listDeadLetters({ consumer: options.consumer });
        output.message(ListDeadLettersResponseSchema, reply, () =>
          table(
            ["CONSUMER", "POSITION", "STREAM", "EVENT", "TRIES", "ERROR"],
            reply.deadLetters.map((letter) => [
              letter.consumer,
              String(letter.position),
              letter.streamId,
              letter.eventType,
              String(letter.attempts),
              letter.error,
            ]),
          ),
        );
      }),
    );
  deadLetters
    .command("replay")
    .description("hand them to their consumer again")
    .argument("<consumer>")
    .option("--position <n>", "only this one and what waits behind it", parseCount)
    .action((consumer: string, options: { position?: bigint }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.replayDeadLetters({
          consumer,
          ...(options.position === undefined ? {} : { position: options.position }),
        });
        output.message(ReplayDeadLettersResponseSchema, reply, () => `${reply.replayed} handed out again`);
      }),
    );
}

function eventLine(event: Event): string {
  const actor = event.actor === undefined ? "" : ` by ${event.actor.id}`;
  return visible(`${event.position}  ${moment(event.eventTime)}  ${event.type}  ${event.streamType} ${event.streamId}${actor}`).text;
}
