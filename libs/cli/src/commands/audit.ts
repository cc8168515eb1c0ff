import { GetTimelineResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { moment, table } from "../output.ts";
import { parseAt, type At } from "../parse-at.ts";
import { addDeadLetterCommands } from "./dead-letters.ts";
import { addEventCommands } from "./events.ts";
import { addLedgerCommands } from "./ledger.ts";

/** What auditors and SREs do: timeline, events, fsck, rebuild, dead-letters, state. */
export function addAuditCommands(program: Command, io: Io): void {
  program
    .command("timeline")
    .description("all that happened to an action")
    .argument("<action-id>")
    .option("--at <position|time>", "as it was then", parseAt)
    .action((actionId: string, { at }: { at?: At }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.audit.getTimeline({ actionId, ...(at === undefined ? {} : { at }) });
        output.message(GetTimelineResponseSchema, reply, () =>
          table(
            ["POSITION", "TIME", "EVENT", ""],
            reply.entries.map(({ event, text }) => [String(event?.position ?? ""), moment(event?.eventTime), event?.type ?? "", text]),
          ),
        );
      }),
    );
  addEventCommands(program, io);
  addLedgerCommands(program, io);
  addDeadLetterCommands(program, io);
}
