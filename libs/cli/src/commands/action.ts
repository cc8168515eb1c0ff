import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { digestOf, isUndecided, type ActionInput } from "@countersign/client";
import type { JsonObject } from "@countersign/digest";
import { ActionSchema, ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import {
  EvaluateActionResponseSchema,
  ListActionsResponseSchema,
  RedeemGrantResponseSchema,
  RequestActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { InvalidArgumentError, type Command } from "commander";
import { actionsTable, actionText } from "../action-text.ts";
import { withContext, type Context, type Io } from "../context.ts";
import { table } from "../output.ts";
import { collectMember, parseDuration, parseObject, parseResource } from "../parse.ts";
import { UsageError } from "../session.ts";

type InputOptions = {
  readonly resource: { readonly type: string; readonly id: string };
  readonly subject?: { readonly type: string; readonly id: string };
  readonly param: JsonObject;
  readonly params?: JsonObject;
  readonly context: JsonObject;
};

/** What the requester's side does: request, get, list, watch, redeem, report, cancel, evaluate. */
export function addActionCommands(program: Command, io: Io): void {
  inputOptions(program.command("request").description("ask for an action").argument("<name>", "for example db.export"))
    .option("--key <text>", "idempotency key; default: a new one")
    .option("--wait <duration>", "wait for a decision, for example 5m", parseDuration)
    .action((name: string, options: InputOptions & { key?: string; wait?: number }, command: Command) =>
      withContext(command, io, (context) => request(context, name, options)),
    );
  inputOptions(program.command("evaluate").description("what policy would answer; records nothing").argument("<name>")).action(
    (name: string, options: InputOptions, command: Command) => withContext(command, io, (context) => evaluate(context, name, options)),
  );
  program
    .command("get")
    .description("show an action")
    .argument("<id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const reply = await client.actions.getAction({ actionId });
        if (reply.action !== undefined)
          output.message(ActionSchema, reply.action, () => actionText(present(reply.action), reply.grantToken));
      }),
    );
  program
    .command("list")
    .description("list actions, newest first")
    .option("--status <status...>", "only these, for example IN_REVIEW")
    .option("--name <name>", "only this action name")
    .option("--limit <n>", "at most this many", Number, 50)
    .action((options: { status?: string[]; name?: string; limit: number }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const statuses: ActionStatus[] = (options.status ?? []).map(parseStatus);
        const reply = await client.actions.listActions({ statuses, actionName: options.name ?? "", pageSize: options.limit });
        output.message(ListActionsResponseSchema, reply, () => actionsTable(reply.actions));
      }),
    );
  program
    .command("watch")
    .description("print an action at every change, until it is over")
    .argument("<id>")
    .action((actionId: string, _options: object, command: Command) =>
      withContext(command, io, async ({ client, output, signal }) => {
        for await (const { action, grantToken } of client.actions.watchAction({ actionId }, { signal })) {
          if (action !== undefined) output.message(ActionSchema, action, () => `${actionText(action, grantToken)}\n`);
        }
      }),
    );
  addExecutionCommands(program, io);
}

function addExecutionCommands(program: Command, io: Io): void {
  program
    .command("redeem")
    .description("use the grant of an approved action, once")
    .argument("<id>")
    .action((actionId: string, _options: object, command: Command) => withContext(command, io, (context) => redeem(context, actionId)));
  program
    .command("report")
    .description("say how the execution went")
    .argument("<id>")
    .option("--succeeded", "it was done")
    .option("--failed", "it was tried and failed")
    .option("--message <text>", "in your words")
    .option("--output <file>", "its SHA-256 goes into the log")
    .action((actionId: string, options: { succeeded?: boolean; failed?: boolean; message?: string; output?: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        if ((options.succeeded === true) === (options.failed === true)) throw new UsageError("say --succeeded or --failed");
        const action = await client.report(actionId, {
          outcome: options.succeeded === true ? "succeeded" : "failed",
          ...(options.message === undefined ? {} : { message: options.message }),
          ...(options.output === undefined ? {} : { outputDigest: createHash("sha256").update(readFileSync(options.output)).digest() }),
        });
        output.message(ActionSchema, action, () => actionText(action));
      }),
    );
  program
    .command("cancel")
    .description("take an action back")
    .argument("<id>")
    .option("--reason <text>", "why", "")
    .action((actionId: string, options: { reason: string }, command: Command) =>
      withContext(command, io, async ({ client, output }) => {
        const action = present((await client.actions.cancelAction({ actionId, reason: options.reason })).action);
        output.message(ActionSchema, action, () => actionText(action));
      }),
    );
}

function inputOptions(command: Command): Command {
  return command
    .requiredOption("--resource <type:id>", "what it runs on", parseResource)
    .option("--subject <type:id>", "on whose behalf; default: the caller", parseResource)
    .option("--param <name=value>", "a parameter; repeat for more; JSON values are taken as such", collectMember, {})
    .option("--params <json>", "all parameters as a JSON object, or @file", parseObject)
    .option("--context <name=value>", "a member of the context, for example environment=production", collectMember, {});
}

async function request({ client, output }: Context, name: string, options: InputOptions & { key?: string; wait?: number }): Promise<void> {
  const asked = await client.requestAction(toInput(name, options), {
    ...(options.key === undefined ? {} : { idempotencyKey: options.key }),
    ...(options.wait === undefined ? {} : { waitMs: Math.min(options.wait, 300_000) }),
  });
  output.message(RequestActionResponseSchema, { $typeName: "countersign.v1.RequestActionResponse", ...asked }, () => {
    const next = isUndecided(asked.action) ? `\n\nIt waits for people: countersign watch ${asked.action.id}` : "";
    return `${actionText(asked.action, asked.grantToken)}${next}`;
  });
}

async function evaluate({ client, output }: Context, name: string, options: InputOptions): Promise<void> {
  const { subject, action, resource, context } = toInput(name, options);
  const input = { subject, action, resource, ...(context === undefined ? {} : { context }) };
  const reply = await client.actions.evaluateAction({ input });
  output.message(EvaluateActionResponseSchema, reply, () => {
    const rows = reply.rules.map((rule) => [rule.rule, rule.matched ? "matched" : "", rule.note]);
    return `${reply.verdict?.reasons.join("\n") ?? ""}\n\n${table(["RULE", "", "NOTE"], rows)}`;
  });
}

/** The digest is computed over the action as it was approved: use this when a person runs it by hand from what `get` shows. */
async function redeem({ client, output }: Context, actionId: string): Promise<void> {
  const { action, grantToken } = await client.actions.getAction({ actionId });
  if (grantToken === "") throw new UsageError("there is no grant for you to redeem; see countersign get");
  const reply = await client.redeem(grantToken, digestOf(present(action), approvedInput(present(action))));
  output.message(
    RedeemGrantResponseSchema,
    reply,
    () => `redeemed at position ${reply.position}: run it now, then countersign report ${actionId}`,
  );
}

function approvedInput({ input }: Action): ActionInput {
  if (input?.subject === undefined || input.action === undefined || input.resource === undefined)
    throw new UsageError("the content of this action was erased");
  return { subject: input.subject, action: input.action, resource: input.resource, context: input.context };
}

function toInput(name: string, options: InputOptions) {
  return {
    subject: options.subject ?? { type: "", id: "" },
    action: { name, properties: { ...options.params, ...options.param } },
    resource: options.resource,
    context: options.context,
  };
}

function parseStatus(text: string): ActionStatus {
  const statuses = Object.entries(ActionStatus).map(([name, status]) => ({ name, status }));
  const found = statuses.find(({ name }) => name === text.toUpperCase());
  if (found === undefined) throw new InvalidArgumentError(`must be one of ${statuses.map(({ name }) => name).join(", ")}`);
  return found.status;
}

function present(action: Action | undefined): Action {
  if (action === undefined) throw new Error("the server's reply holds no action");
  return action;
}
