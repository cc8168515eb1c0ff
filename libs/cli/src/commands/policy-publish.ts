import { type PolicyRevision, type PublishPolicyResponse, PublishPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { withContext, type Io } from "../context.ts";
import { hex } from "../output.ts";
import { readBytes } from "../parse.ts";

/** Hands a document in: to be checked, or to be stored. */
export function addPolicyPublishCommands(policy: Command, io: Io): void {
  policy
    .command("check")
    .description("whether a document compiles, with the line of each mistake; it is not stored")
    .argument("<file>")
    .action((file: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.policies.publishPolicy({ document: readBytes(file).toString("utf8"), validateOnly: true });
        output.message(PublishPolicyResponseSchema, reply, () =>
          [`compiles, SHA-256 ${hex(reply.revision?.documentDigest ?? new Uint8Array())}`, ...warningsText(reply)].join("\n"),
        );
      }),
    );
  policy
    .command("publish")
    .description("check a document and store it as the next revision")
    .argument("<file>")
    .action((file: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, command: called }) => {
        const reply = await client.policies.publishPolicy({ document: readBytes(file).toString("utf8") });
        const { revision } = reply;
        if (revision === undefined) return;
        output.message(PublishPolicyResponseSchema, reply, () =>
          [described(revision), ...warningsText(reply), "", afterPublishing(revision, called)].join("\n"),
        );
      }),
    );
}

function warningsText({ warnings }: PublishPolicyResponse): readonly string[] {
  return warnings.map((warning) => visible(`warning: ${warning}`).text);
}

/** A revision in one line. */
export function described(revision: PolicyRevision): string {
  return `revision ${revision.revision}${revision.active ? ", in force" : ""}, SHA-256 ${hex(revision.documentDigest)}`;
}

/** What was just stored is not in force yet. */
function afterPublishing({ revision, active }: PolicyRevision, command: string): string {
  return active ? "Nothing new: this very document is in force already." : `It is not in force yet: ${command} policy activate ${revision}`;
}
