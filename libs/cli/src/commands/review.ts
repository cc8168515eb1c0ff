import type { MessageInitShape } from "@bufbuild/protobuf";
import type { JsonObject } from "@countersign/digest";
import { ActionStateSchema, AfterReviewFinding, type Action } from "@countersign/proto/v1/action_pb";
import {
  ClaimFilter,
  GetReviewResponseSchema,
  ListReviewsResponseSchema,
  type SubmitVoteRequestSchema,
} from "@countersign/proto/v1/review_service_pb";
import { Option, type Command } from "commander";
import { reviewsTable } from "../action-text.ts";
import { withContext, type Context, type Io } from "../context.ts";
import { UsageError } from "../errors.ts";
import { hex } from "../output.ts";
import { DURABILITY_HELP, firm, type Firm } from "../durability.ts";
import { collectMember, parseDigest, parseDurability, parseObject } from "../parse.ts";
import { reviewText } from "../review-text.ts";
import { stateText } from "../state-text.ts";

/** What reviewers do: review list, review show, approve, reject, edit. */
export function addReviewCommands(program: Command, io: Io): void {
  const review = program.command("review").description("what waits for people");
  review
    .command("list")
    .description("reviews that you may decide")
    .option("--all", "also those you may not decide")
    .option("--unclaimed", "only those that nobody is looking at")
    .option("--mine", "only those that you have claimed")
    .action((options: { all?: boolean; unclaimed?: boolean; mine?: boolean }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        if (options.unclaimed === true && options.mine === true) throw new UsageError("say --unclaimed or --mine");
        const claim =
          options.unclaimed === true ? ClaimFilter.UNCLAIMED : options.mine === true ? ClaimFilter.MINE : ClaimFilter.UNSPECIFIED;
        const reply = await client.reviews.listReviews({ all: options.all === true, claim });
        output.message(ListReviewsResponseSchema, reply, () => reviewsTable(reply.reviews));
      }),
    );
  review
    .command("show")
    .description("all that a reviewer must see, and the commands to decide exactly that")
    .argument("<action-id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, columns, command: called }) => {
        const reply = await client.reviews.getReview({ actionId });
        output.message(GetReviewResponseSchema, reply, () => reviewText(reply, { columns, command: called }));
      }),
    );
  addVotes(program, io);
  addBreakGlass(program, io);
}

type VoteOptions = Firm & { readonly reason: string; readonly digest?: Uint8Array };

function addVotes(program: Command, io: Io): void {
  const voting = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .argument("<action-id>")
      .option("--digest <hex>", "what you were shown; refused if it is not that any more. Default: what it is now", parseDigest)
      .option("--durability <level>", DURABILITY_HELP, parseDurability);
  voting("approve", "approve exactly one digest")
    .option("--reason <text>", "why", "")
    .action((id: string, options: VoteOptions, command: Command) =>
      withContext(command, io, (context) => vote(context, id, options, () => ({ case: "approve", value: { reason: options.reason } }))),
    );
  voting("reject", "reject; one is enough")
    .requiredOption("--reason <text>", "why; the requester is told")
    .action((id: string, options: VoteOptions, command: Command) =>
      withContext(command, io, (context) => vote(context, id, options, () => ({ case: "reject", value: { reason: options.reason } }))),
    );
  voting("edit", "change the parameters: policy answers again, votes lapse, and you may not approve the result")
    .option("--param <name=value>", "a parameter to change or add; repeat for more; the others stay", collectMember, {})
    .option("--params <json>", "all new parameters as a JSON object, or @file", parseObject)
    .requiredOption("--reason <text>", "why")
    .action((id: string, options: VoteOptions & { param: JsonObject; params?: JsonObject }, command: Command) =>
      withContext(command, io, (context) => vote(context, id, options, (shown) => edit(shown, options))),
    );
}

function addBreakGlass(program: Command, io: Io): void {
  program
    .command("break-glass")
    .description("approve alone in an emergency, where policy lets you; everybody is told, and somebody looks at it afterwards")
    .argument("<action-id>")
    .option("--digest <hex>", "what you were shown; refused if it is not that any more. Default: what it is now", parseDigest)
    .requiredOption("--reason <text>", "what the emergency is, at least 10 characters")
    .action((actionId: string, { reason, digest }: VoteOptions, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const { action: shown, shownDigest } = await client.reviews.getReview({ actionId });
        if (shown === undefined) throw new UsageError("there is nothing to decide");
        const request = { actionId, digest: digest ?? shown.digest, version: shown.version, shownDigest, reason };
        const { action: after } = await client.reviews.breakGlass(request);
        if (after !== undefined) output.message(ActionStateSchema, after, () => stateText(after));
      }),
    );
  program
    .command("close-after-review")
    .description("say whether a break-glass was right")
    .argument("<action-id>")
    .addOption(new Option("--finding <finding>", "what you found").choices(["justified", "not-justified"]).makeOptionMandatory())
    .requiredOption("--reason <text>", "why")
    .action((actionId: string, options: { finding: string; reason: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const finding = options.finding === "justified" ? AfterReviewFinding.JUSTIFIED : AfterReviewFinding.NOT_JUSTIFIED;
        const { action: after } = await client.reviews.closeAfterReview({ actionId, finding, reason: options.reason });
        if (after !== undefined) output.message(ActionStateSchema, after, () => stateText(after));
      }),
    );
}

type Decision = NonNullable<Extract<MessageInitShape<typeof SubmitVoteRequestSchema>, { $typeName?: unknown }>["decision"]>;

function edit(shown: Action, { param, params, reason }: VoteOptions & { param: JsonObject; params?: JsonObject }): Decision {
  if (params === undefined && Object.keys(param).length === 0)
    throw new UsageError("say what changes: --param NAME=VALUE or --params JSON");
  return { case: "edit", value: { properties: { ...(params ?? shown.input?.action?.properties), ...param }, reason } };
}

/** Votes on the digest that the reviewer names, or else on the one that the server shows at this moment, and says which it was. */
async function vote(
  { client, output }: Context,
  actionId: string,
  options: VoteOptions,
  decide: (shown: Action) => Decision,
): Promise<void> {
  const { action: shown, shownDigest } = await client.reviews.getReview({ actionId });
  if (shown === undefined) throw new UsageError("there is nothing to decide");
  const { digest = shown.digest } = options;
  const decision = decide(shown);
  const request = { actionId, digest, version: shown.version, shownDigest, decision, ...firm(options) };
  const { action: after } = await client.reviews.submitVote(request);
  if (after !== undefined)
    output.message(ActionStateSchema, after, () => `${decision.case} of digest ${hex(digest)}\n\n${stateText(after)}`);
}
