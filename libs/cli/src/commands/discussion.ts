import { randomUUID } from "node:crypto";
import { ActionStateSchema, CommentKind } from "@countersign/proto/v1/action_pb";
import { AddCommentResponseSchema } from "@countersign/proto/v1/review_service_pb";
import type { Command } from "commander";
import { withContext, type Context, type Io } from "../context.ts";
import { parseCount } from "../parse.ts";
import { stateText } from "../state-text.ts";

/** What is said about a review without deciding it: comment, ask, answer, claim, release. */
export function addDiscussionCommands(program: Command, io: Io): void {
  const writing = (name: string, description: string): Command => program.command(name).description(description).argument("<action-id>");
  writing("comment", "write on an action in review; it decides nothing")
    .argument("<text>")
    .action((id: string, text: string, _options: object, command: Command) =>
      withContext(command, io, (context) => write(context, id, CommentKind.REMARK, text)),
    );
  writing("ask", "as a reviewer: ask the requester something; deadlines run on")
    .argument("<text>")
    .action((id: string, text: string, _options: object, command: Command) =>
      withContext(command, io, (context) => write(context, id, CommentKind.QUESTION, text)),
    );
  writing("answer", "as the requester: answer a reviewer's question")
    .argument("<question>", "its number", parseCount)
    .argument("<text>")
    .action((id: string, question: bigint, text: string, _options: object, command: Command) =>
      withContext(command, io, (context) => write(context, id, CommentKind.ANSWER, text, Number(question))),
    );
  writing("claim", "say that you are looking at this review, for 30 minutes; others can decide all the same").action(
    (actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const { action } = await client.reviews.claimReview({ actionId });
        if (action !== undefined) output.message(ActionStateSchema, action, () => stateText(action));
      }),
  );
  writing("release", "say that you are not looking at it any more").action((actionId: string, _options: object, command: Command) =>
    withContext(command, io, async ({ client, output }) => {
      const { action } = await client.reviews.releaseReview({ actionId });
      if (action !== undefined) output.message(ActionStateSchema, action, () => stateText(action));
    }),
  );
}

async function write({ client, output }: Context, actionId: string, kind: CommentKind, text: string, question = 0): Promise<void> {
  const reply = await client.reviews.addComment({ actionId, kind, text, question, idempotencyKey: randomUUID() });
  output.message(AddCommentResponseSchema, reply, () => `recorded as comment ${reply.comment?.number ?? 0}`);
}
