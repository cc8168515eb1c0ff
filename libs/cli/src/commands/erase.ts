import { EraseContentResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { ErasePersonResponseSchema } from "@countersign/proto/v1/directory_service_pb";
import type { Erasure } from "@countersign/proto/v1/erasure_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { UsageError } from "../errors.ts";
import { table } from "../output.ts";

type Options = {
  readonly action?: string;
  readonly person?: string;
  readonly reason: string;
  readonly force: boolean;
  readonly dryRun: boolean;
};

/** What privacy officers do with words and people. */
export function addEraseCommand(program: Command, io: Io): void {
  program
    .command("erase")
    .description("erase for ever what was typed in an action, or a person's profile; every proof holds")
    .option("--action <id>", "the action")
    .option("--person <id>", "the person, by its id in the directory")
    .requiredOption("--reason <text>", "why; it is kept, so it must not repeat what is erased")
    .option("--force", "also when the action has not ended, or the person is switched on", false)
    .option("--dry-run", "only tell what would be erased", false)
    .action(({ action, person, reason, force, dryRun }: Options, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        if (action !== undefined && person === undefined) {
          const reply = await client.actions.eraseContent({ actionId: action, reason, force, dryRun });
          output.message(EraseContentResponseSchema, reply, () => erasureText(reply.erasure, dryRun));
        } else if (person !== undefined && action === undefined) {
          const reply = await client.directory.erasePerson({ personId: person, reason, force, dryRun });
          output.message(ErasePersonResponseSchema, reply, () => erasureText(reply.erasure, dryRun));
        } else throw new UsageError("name one of --action and --person");
      }),
    );
}

/** What goes, and what stays. */
export function erasureText(erasure: Erasure | undefined, dryRun: boolean): string {
  const contents = erasure?.contents ?? [];
  const rows = contents.map(({ namedBy, streamVersion, bytes, digest }) => [
    namedBy,
    String(streamVersion),
    String(bytes),
    Buffer.from(digest).toString("hex"),
  ]);
  const sum =
    contents.length === 0
      ? "nothing is left to erase"
      : `${contents.length} contents ${dryRun ? "would be erased" : `are erased; the log says so at position ${erasure?.position}`}`;
  const remaining = (erasure?.remaining ?? []).map((text) => `  ${visible(text).text}`);
  return [...(rows.length === 0 ? [] : [table(["NAMED BY", "VERSION", "BYTES", "SHA-256"], rows)]), sum, "what stays:", ...remaining].join(
    "\n",
  );
}
