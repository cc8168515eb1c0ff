import { create } from "@bufbuild/protobuf";
import { type PolicyRevision, ListPolicyRevisionsResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import type { Command } from "commander";
import { withContext, type Context, type Io } from "../context.ts";
import { hex, moment, table } from "../output.ts";
import { parseAt, type At } from "../parse-at.ts";

const PAGE = 200;

/** What was in force when, and through whom. */
export function addPolicyListCommand(policy: Command, io: Io): void {
  policy
    .command("list")
    .description("all revisions, newest first: who published each, and when and through whom it was last in force")
    .option("--at <position|time>", "as they were then", parseAt)
    .action((options: { at?: At }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const revisions = await readAll(client, options.at);
        output.message(ListPolicyRevisionsResponseSchema, create(ListPolicyRevisionsResponseSchema, { revisions }), () =>
          table(["REVISION", "", "PUBLISHED", "BY", "IN FORCE FROM", "TO", "BY", "DIGEST"], revisions.map(row)),
        );
      }),
    );
}

async function readAll(client: Context["client"], at: At | undefined): Promise<PolicyRevision[]> {
  const revisions: PolicyRevision[] = [];
  let pageToken = "";
  do {
    const reply = await client.policies.listPolicyRevisions({ pageSize: PAGE, pageToken, ...(at && { at }) });
    revisions.push(...reply.revisions);
    pageToken = reply.nextPageToken;
  } while (pageToken !== "");
  return revisions;
}

function row({ revision, active, publishTime, publisher, activateTime, replaceTime, activator, documentDigest }: PolicyRevision) {
  const published = [moment(publishTime), publisher?.id ?? ""];
  const inForce = [moment(activateTime), moment(replaceTime), activator?.id ?? ""];
  return [String(revision), active ? "in force" : "", ...published, ...inForce, hex(documentDigest)];
}
