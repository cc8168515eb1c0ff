import type { CountersignClient } from "@countersign/client";
import {
  ListDeliveriesResponseSchema,
  ListNotifiersResponseSchema,
  RetryDeliveriesResponseSchema,
} from "@countersign/proto/v1/notifier_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { AnswerIsNo } from "../errors.ts";
import { moment, nothing, table } from "../output.ts";
import { parseCount } from "../parse.ts";

/** What operators do so that reviews reach people: notifiers, deliveries. */
export function addNotifierCommands(program: Command, io: Io): void {
  program
    .command("notifiers")
    .description("who tells reviewers, and whether it works")
    .action((_options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.notifiers.listNotifiers({});
        output.message(ListNotifiersResponseSchema, reply, () =>
          table(
            ["NAME", "KIND", "CAN", "SERVES", "WAITING", "FAILED", "PROBLEM"],
            reply.notifiers.map(({ name, kind, capabilities, channels, waiting, failed, problem }) => [
              name,
              kind,
              capabilities.join(" "),
              channels.join(" "),
              String(waiting),
              String(failed),
              problem,
            ]),
          ),
        );
      }),
    );
  const deliveries = program.command("deliveries").description("messages to reviewers that were given up");
  deliveries
    .command("list")
    .description("which, and why")
    .option("--channel <name>", "only of this one", "")
    .action(({ channel }: { channel: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.notifiers.listDeliveries({ channel, pageSize: 200 });
        output.message(ListDeliveriesResponseSchema, reply, () =>
          table(
            ["ID", "CHANNEL", "ACTION", "EVENT", "TRIES", "SINCE", "ERROR"],
            reply.deliveries.map(({ id, channel: of, actionId, eventType, attempts, failTime, error }) => [
              String(id),
              of,
              actionId,
              eventType,
              String(attempts),
              moment(failTime),
              error,
            ]),
          ),
        );
      }),
    );
  deliveries
    .command("retry")
    .description("give them another round; a receiver may get one of them twice")
    .argument("<channel>")
    .option("--id <n>", "only this one", parseCount)
    .action((channel: string, { id }: { id?: bigint }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.notifiers.retryDeliveries({ channel, ids: id === undefined ? [] : [id] });
        if (reply.retried === 0n) await mustBeKnown(client, channel);
        output.message(RetryDeliveriesResponseSchema, reply, () => `${reply.retried} tried again${nothing(reply.retried)}`);
      }),
    );
}

/** The server answers with none for a name that nobody has, too. A notifier that is a program has no deliveries here. */
async function mustBeKnown(client: CountersignClient, channel: string): Promise<void> {
  const { notifiers } = await client.notifiers.listNotifiers({});
  const names = notifiers.filter(({ kind }) => kind !== "program").map(({ name }) => name);
  if (names.includes(channel)) return;
  throw new AnswerIsNo(
    visible(`there is no channel "${channel}"; there ${names.length === 0 ? "is none" : `are ${names.join(", ")}`}`).text,
  );
}
