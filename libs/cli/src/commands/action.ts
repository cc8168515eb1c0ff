import { createHash, randomUUID } from "node:crypto";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { digestOf, isUndecided, statusName, type ActionInput } from "@countersign/client";
import { ActionSchema, ActionStateSchema, ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import {
  EvaluateActionResponseSchema,
  ListActionsResponseSchema,
  RedeemGrantResponseSchema,
  RequestActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { visible } from "@countersign/review-view";
import type { Command } from "commander";
import { inputOptions, toInput, type InputOptions } from "../action-input.ts";
import { actionsTable, actionText } from "../action-text.ts";
import { withContext, type Context, type Io } from "../context.ts";
import { evaluationText } from "../evaluation-text.ts";
import { stateText } from "../state-text.ts";
import { hex } from "../output.ts";
import { parseAt, type At } from "../parse-at.ts";
import { AnswerIsNo, UsageError } from "../errors.ts";
import { DURABILITY_HELP, firm, type Firm } from "../durability.ts";
import { parseCount, parseDigest, parseDurability, parseWait, readBytes } from "../parse.ts";

type RequestOptions = InputOptions & Firm & { readonly key?: string; readonly wait?: number };
type ReportOptions = Firm & {
  readonly succeeded?: boolean;
  readonly failed?: boolean;
  readonly message?: string;
  readonly output?: string;
};

/** What the requester's side does: request, get, list, watch, redeem, report, accept, cancel, evaluate. */
export function addActionCommands(program: Command, io: Io): void {
  inputOptions(program.command("request").description("ask for an action").argument("<name>", "for example db.export"))
    .option("--key <text>", "idempotency key; default: a new one")
    .option("--wait <duration>", "wait for a decision, at most 5m; none by then is an exit code of 1", parseWait)
    .option("--durability <level>", DURABILITY_HELP, parseDurability)
    .action((name: string, options: RequestOptions, command: Command) =>
      withContext(command, io, (context) => request(context, name, options)),
    );
  inputOptions(program.command("evaluate").description("what policy would answer; records nothing").argument("<name>")).action(
    (name: string, options: InputOptions, command: Command) => withContext(command, io, (context) => evaluate(context, name, options)),
  );
  program
    .command("get")
    .description("show an action")
    .argument("<action-id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, command: called }) => {
        const reply = await client.actions.getAction({ actionId });
        if (reply.action !== undefined)
          output.message(
            ActionSchema,
            reply.action,
            () => `${actionText(present(reply.action), reply.grantToken)}${afterEdit(called, present(reply.action))}`,
          );
      }),
    );
  program
    .command("list")
    .description("list actions, newest first")
    .option("--status <status...>", "only these, for example IN_REVIEW")
    .option("--name <name>", "only this action name")
    .option("--at <position|time>", "as they were then", parseAt)
    .option("--limit <n>", "at most this many, up to 200", parseCount, 50n)
    .action((options: { status?: string[]; name?: string; at?: At; limit: bigint }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const statuses: ActionStatus[] = (options.status ?? []).map(parseStatus);
        const at = options.at === undefined ? {} : { at: options.at };
        const reply = await client.actions.listActions({
          statuses,
          actionName: options.name ?? "",
          pageSize: Number(options.limit),
          ...at,
        });
        output.message(ListActionsResponseSchema, reply, () => actionsTable(reply.actions, reply.nextPageToken !== ""));
      }),
    );
  program
    .command("watch")
    .description("print where an action is at every change, until it is over")
    .argument("<action-id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, signal }) => {
        for await (const { action, grantToken } of client.actions.watchAction({ actionId }, { signal })) {
          if (action !== undefined) output.message(ActionStateSchema, action, () => `${stateText(action, grantToken)}\n`);
        }
      }),
    );
  addStateCommand(program, io);
  addExecutionCommands(program, io);
}

function addStateCommand(program: Command, io: Io): void {
  program
    .command("state")
    .description("show an action as it was")
    .argument("<action-id>")
    .requiredOption("--at <position|time>", "just after this position, or at this time, such as 2026-01-31T12:30:05Z", parseAt)
    .action((actionId: string, { at }: { at: At }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.actions.getAction({ actionId, at });
        if (reply.action !== undefined) output.message(ActionSchema, reply.action, () => actionText(present(reply.action)));
      }),
    );
}

function addExecutionCommands(program: Command, io: Io): void {
  program
    .command("redeem")
    .description("use the grant of an approved action, once")
    .argument("<action-id>")
    .option("--durability <level>", DURABILITY_HELP, parseDurability)
    .action((actionId: string, options: Firm, command: Command) =>
      withContext(command, io, (context) => redeem(context, actionId, options)),
    );
  program
    .command("report")
    .description("say how the execution went")
    .argument("<action-id>")
    .option("--succeeded", "it was done")
    .option("--failed", "it was tried and failed")
    .option("--message <text>", "in your words")
    .option("--output <file>", "its SHA-256 goes into the log")
    .option("--durability <level>", DURABILITY_HELP, parseDurability)
    .action((actionId: string, options: ReportOptions, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        if ((options.succeeded === true) === (options.failed === true)) throw new UsageError("say --succeeded or --failed");
        const action = await client.report(actionId, {
          outcome: options.succeeded === true ? "succeeded" : "failed",
          ...firm(options),
          ...(options.message === undefined ? {} : { message: options.message }),
          ...(options.output === undefined ? {} : { outputDigest: createHash("sha256").update(readBytes(options.output)).digest() }),
        });
        output.message(ActionStateSchema, action, () => stateText(action));
      }),
    );
  program
    .command("accept")
    .description("take the form that a reviewer made of an action for your own; cancel says no")
    .argument("<action-id>")
    .requiredOption("--digest <hex>", "of the edited form, as you have seen it", parseDigest)
    .action((actionId: string, { digest }: { digest: Uint8Array }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const { action, grantToken } = await client.acceptEdit(actionId, digest);
        output.message(ActionStateSchema, action, () => stateText(action, grantToken));
      }),
    );
  program
    .command("cancel")
    .description("take an action back")
    .argument("<action-id>")
    .option("--reason <text>", "why", "")
    .option("--durability <level>", DURABILITY_HELP, parseDurability)
    .action((actionId: string, options: Firm & { reason: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const action = present((await client.actions.cancelAction({ actionId, reason: options.reason, ...firm(options) })).action);
        output.message(ActionStateSchema, action, () => stateText(action));
      }),
    );
}

async function request({ client, output, command }: Context, name: string, options: RequestOptions): Promise<void> {
  const { wait = 0, key: idempotencyKey = randomUUID() } = options;
  const reply = await client.actions.requestAction(
    { input: toInput(name, options), idempotencyKey, ...firm(options), ...(wait > 0 ? { wait: durationFromMs(wait) } : {}) },
    { timeoutMs: wait + 30_000 },
  );
  const action = present(reply.action);
  output.message(RequestActionResponseSchema, reply, () => {
    const next = isUndecided(action) ? `\n\nNot decided yet. To wait for the decision: ${command} watch ${action.id}` : "";
    return `${actionText(action, reply.grantToken)}${next}`;
  });
  if (isUndecided(action)) {
    if (wait > 0) throw new AnswerIsNo(`not decided yet: ${statusName(action.status)}`);
  } else if (action.status !== ActionStatus.APPROVED) throw new AnswerIsNo(`not approved: ${statusName(action.status)}`);
}

async function evaluate({ client, output }: Context, name: string, options: InputOptions): Promise<void> {
  const reply = await client.actions.evaluateAction({ input: toInput(name, options) });
  output.message(EvaluateActionResponseSchema, reply, () => evaluationText(reply));
}

/** The digest is computed over the action as it was approved: use this when a person runs it by hand from what `get` shows. */
async function redeem({ client, output, command }: Context, actionId: string, options: Firm): Promise<void> {
  const { action, grantToken } = await client.actions.getAction({ actionId });
  if (grantToken === "") throw new AnswerIsNo(noGrant(present(action)));
  const reply = await client.redeem(grantToken, digestOf(present(action), approvedInput(present(action))), firm(options));
  output.message(
    RedeemGrantResponseSchema,
    reply,
    () => `redeemed at position ${reply.position}: run it now, then ${command} report ${visible(actionId).text} --succeeded, or --failed`,
  );
}

function noGrant({ status, requester }: Action): string {
  const whose = `only ${requester?.id ?? "its requester"} gets its grant, and nobody one that was signed with an earlier key: ask again then`;
  return `there is no grant that you could redeem: the action is ${statusName(status)}${status === ActionStatus.APPROVED ? `; ${whose}` : ""}`;
}

/** An edited action waits for its requester, and for nobody else. */
function afterEdit(command: string, { id, status, digest }: Action): string {
  if (status !== ActionStatus.EDITED) return "";
  const accept = `${command} accept ${visible(id).text} --digest ${hex(digest)}`;
  return `\n\nA reviewer edited it. If this is what you would run: ${accept}; else: ${command} cancel ${visible(id).text}`;
}

function approvedInput({ input }: Action): ActionInput {
  if (input?.subject === undefined || input.action === undefined || input.resource === undefined)
    throw new UsageError("the content of this action was erased");
  return { subject: input.subject, action: input.action, resource: input.resource, context: input.context };
}

function parseStatus(text: string): ActionStatus {
  const statuses = Object.entries(ActionStatus)
    .map(([name, status]) => ({ name, status }))
    .filter(({ status }) => status !== ActionStatus.UNSPECIFIED);
  const found = statuses.find(({ name }) => name === text.toUpperCase());
  if (found === undefined) throw new UsageError(`--status must be one of ${statuses.map(({ name }) => name).join(", ")}`);
  return found.status;
}

function present<Told>(action: Told | undefined): Told {
  if (action === undefined) throw new Error("the server's reply holds no action");
  return action;
}
