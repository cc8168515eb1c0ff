import {
  DiscardDeadLetterResponseSchema,
  GetDeadLetterResponseSchema,
  ListDeadLettersResponseSchema,
  ReplayDeadLettersResponseSchema,
} from "@countersign/proto/v1/audit_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { moment, nothing, table } from "../output.ts";
import { parseCount } from "../parse.ts";

/** What operators do with events that a consumer could not handle. Whatever changes something is recorded in the log. */
export function addDeadLetterCommands(program: Command, io: Io): void {
  const deadLetters = program.command("dead-letters").description("events that a consumer could not handle");
  deadLetters
    .command("list")
    .description("what waits, and why")
    .option("--consumer <name>", "only of this one", "")
    .action((options: { consumer: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.listDeadLetters({ consumer: options.consumer, pageSize: 200 });
        output.message(ListDeadLettersResponseSchema, reply, () =>
          table(
            ["CONSUMER", "POSITION", "STATE", "STREAM", "EVENT", "TRIES", "ERROR"],
            reply.deadLetters.map((letter) => [
              letter.consumer,
              String(letter.position),
              letter.state,
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
    .command("show")
    .description("one of them, with its event")
    .argument("<consumer>")
    .argument("<position>", "", parseCount)
    .action((consumer: string, position: bigint, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.getDeadLetter({ consumer, position });
        output.message(GetDeadLetterResponseSchema, reply, () => {
          const { deadLetter: letter, event } = reply;
          const rows = [
            ["event", `${event?.type ?? ""} of ${event?.streamType ?? ""} ${event?.streamId ?? ""}, ${moment(event?.eventTime)}`],
            ["by", event?.actor?.id ?? ""],
            ["says", event?.data === undefined ? "nothing that this version can read" : JSON.stringify(event.data)],
            ["error", `${letter?.error ?? ""} (${letter?.attempts ?? 0} tries)`],
            ["state", `${letter?.state ?? ""}, since ${moment(letter?.parkTime)}`],
            ["given up", reply.discardReason],
          ];
          return rows
            .filter(([, value]) => value !== "")
            .map(([name, value]) => `${(name ?? "").padEnd(10)}${visible(value ?? "").text}`)
            .join("\n");
        });
      }),
    );
  addChanges(deadLetters, io);
}

function addChanges(deadLetters: Command, io: Io): void {
  deadLetters
    .command("replay")
    .description("hand them to their consumer again")
    .argument("<consumer>")
    .option("--position <n>", "only this one and what waits behind it", parseCount)
    .action((consumer: string, options: { position?: bigint }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.replayDeadLetters({ consumer, ...options });
        output.message(
          ReplayDeadLettersResponseSchema,
          reply,
          () => `${reply.replayed} handed out again${nothing(reply.replayed)}${at(reply.eventPosition)}`,
        );
      }),
    );
  deadLetters
    .command("discard")
    .description("give up on one: its consumer never handles the event")
    .argument("<consumer>")
    .argument("<position>", "", parseCount)
    .requiredOption("--reason <text>", "why; kept in the log")
    .action((consumer: string, position: bigint, { reason }: { reason: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.discardDeadLetter({ consumer, position, reason });
        output.message(DiscardDeadLetterResponseSchema, reply, () => `given up${at(reply.eventPosition)}`);
      }),
    );
}

function at(position: bigint | undefined): string {
  return position === undefined ? "" : `; the log says so at position ${position}`;
}
