import type { JsonObject } from "@countersign/digest";
import { ActionSchema } from "@countersign/proto/v1/action_pb";
import { GetReviewResponseSchema, ListReviewsResponseSchema, type SubmitVoteRequest } from "@countersign/proto/v1/review_service_pb";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SubmitVoteRequestSchema } from "@countersign/proto/v1/review_service_pb";
import type { Command } from "commander";
import { actionText, reviewsTable } from "../action-text.ts";
import { withContext, type Context, type Io } from "../context.ts";
import { collectMember, parseObject } from "../parse.ts";
import { reviewText } from "../review-text.ts";
import { UsageError } from "../session.ts";

/** What reviewers do: review list, review show, approve, reject, edit. */
export function addReviewCommands(program: Command, io: Io): void {
  const review = program.command("review").description("what waits for people");
  review
    .command("list")
    .description("reviews that you may decide")
    .option("--all", "also those you may not decide")
    .action((options: { all?: boolean }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.reviews.listReviews({ all: options.all === true });
        output.message(ListReviewsResponseSchema, reply, () => reviewsTable(reply.reviews));
      }),
    );
  review
    .command("show")
    .description("all that a reviewer must see")
    .argument("<id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, columns }) => {
        const reply = await client.reviews.getReview({ actionId });
        output.message(GetReviewResponseSchema, reply, () => reviewText(reply, columns));
      }),
    );
  program
    .command("approve")
    .description("approve exactly what review show displays")
    .argument("<id>")
    .option("--reason <text>", "why", "")
    .option("--digest <hex>", "refuse if this is not what would be approved")
    .action((id: string, options: { reason: string; digest?: string }, command: Command) =>
      withContext(command, io, (context) => vote(context, id, options.digest, { case: "approve", value: { reason: options.reason } })),
    );
  program
    .command("reject")
    .description("reject")
    .argument("<id>")
    .requiredOption("--reason <text>", "why; the requester is told")
    .action((id: string, options: { reason: string }, command: Command) =>
      withContext(command, io, (context) => vote(context, id, undefined, { case: "reject", value: { reason: options.reason } })),
    );
  program
    .command("edit")
    .description("change the parameters: policy answers again, votes lapse, you may not approve the result")
    .argument("<id>")
    .option("--param <name=value>", "a new parameter; repeat for more", collectMember, {})
    .option("--params <json>", "all new parameters as a JSON object, or @file", parseObject)
    .requiredOption("--reason <text>", "why")
    .action((id: string, options: { param: JsonObject; params?: JsonObject; reason: string }, command: Command) =>
      withContext(command, io, (context) =>
        vote(context, id, undefined, {
          case: "edit",
          value: { properties: { ...options.params, ...options.param }, reason: options.reason },
        }),
      ),
    );
}

type Decision = NonNullable<Extract<MessageInitShape<typeof SubmitVoteRequestSchema>, { $typeName?: unknown }>["decision"]>;

/** Votes on the digest and version that the server shows at this moment, or on the digest that the reviewer saw before. */
async function vote({ client, output }: Context, actionId: string, seen: string | undefined, decision: Decision): Promise<void> {
  const { action } = await client.reviews.getReview({ actionId });
  if (action === undefined) throw new UsageError("there is nothing to decide");
  if (seen !== undefined && !/^[0-9a-f]{64}$/.test(seen)) throw new UsageError("--digest must be 64 hex digits");
  const digest = seen === undefined ? action.digest : Buffer.from(seen, "hex");
  const request: Pick<SubmitVoteRequest, "actionId" | "digest" | "version"> = { actionId, digest, version: action.version };
  const reply = await client.reviews.submitVote({ ...request, decision });
  const after = reply.action;
  if (after !== undefined) output.message(ActionSchema, after, () => actionText(after));
}
