import { randomUUID } from "node:crypto";
import { CountersignError, NotApprovedError, requireApproval, type ActionInput, type CountersignClient } from "@countersign/client";
import { canonicalJson, type JsonObject } from "@countersign/digest";
import type { Ask, Run } from "./guard.ts";
import { errorOutcome, INVALID_PARAMS, type Outcome } from "./json-rpc.ts";
import { actionName, type ToolCall } from "./tool-call.ts";

export type Asking = {
  /** One segment of an action's name: the MCP server is called so in policies. */
  readonly server: string;
  readonly subject: { readonly type: string; readonly id: string };
  readonly resource: { readonly type: string; readonly id: string };
  readonly context: JsonObject;
  /** How long a call is held, in milliseconds, before its host is told to call again: hosts give up on a tool after a time that they tell nobody. */
  readonly holdMs: number;
};

/** What was asked for; its id is not known when the answer was lost. */
type Asked = { readonly input: ActionInput; readonly key: string; readonly actionId?: string | undefined };

/** Tools as actions of Countersign: asked for, waited for, redeemed just before they run, and reported. */
export class CountersignAsker {
  readonly #client: CountersignClient;
  readonly #asking: Asking;
  /** By what was called: actions that nobody waits for at the moment. The same call goes on with them. */
  readonly #left = new Map<string, Asked[]>();

  constructor(client: CountersignClient, asking: Asking) {
    this.#client = client;
    this.#asking = asking;
  }

  readonly ask: Ask = async (call, run, cancelled) => {
    const same = canonicalJson([call.tool, call.arguments]);
    const asked: Asked = this.#takeLeft(same) ?? { input: this.#inputOf(call), key: randomUUID() };
    const enough = new AbortController();
    const hold = setTimeout(() => enough.abort(), this.#asking.holdMs);
    const running = new Running(call, run);
    const start = (approved: ActionInput) => {
      clearTimeout(hold);
      return running.start(approved);
    };
    const signal = AbortSignal.any([enough.signal, cancelled]);
    try {
      await requireApproval(this.#client, asked.input, start, { idempotencyKey: asked.key, signal, acceptEdits: true });
    } catch (error) {
      if (running.started)
        return running.outcome ?? toolError("The server ended before it answered. Whether the call was done is not known.");
      if (error instanceof NotApprovedError) return toolError(`${error.message}. Nothing was run.`);
      const actionId = error instanceof CountersignError ? error.actionId : undefined;
      const left = { ...asked, actionId: actionId ?? asked.actionId };
      if (cancelled.aborted) return await this.#takeBack(left);
      const held = enough.signal.aborted;
      // What cannot be asked for never was.
      if (!held && !(error instanceof CountersignError)) return errorOutcome(INVALID_PARAMS, messageOf(error));
      this.#left.set(same, [...(this.#left.get(same) ?? []), left]);
      return toolError(held ? waitsText(left) : `${nameOf(left)} could not be decided: ${messageOf(error)}. Nothing was run.`);
    } finally {
      clearTimeout(hold);
    }
    return running.outcome;
  };

  /** Takes back what waits for a call that will not come. */
  async close(): Promise<void> {
    const left = [...this.#left.values()].flat();
    this.#left.clear();
    await Promise.all(left.map((asked) => this.#takeBack(asked)));
  }

  /** Each goes on for one call only: two calls at once are two actions, also when they say the same. */
  #takeLeft(same: string): Asked | undefined {
    const left = this.#left.get(same);
    const first = left?.shift();
    if (left?.length === 0) this.#left.delete(same);
    return first;
  }

  #inputOf({ tool, arguments: properties }: ToolCall): ActionInput {
    const { server, subject, resource, context } = this.#asking;
    return {
      subject,
      action: { name: actionName(server, tool), properties },
      resource: { ...resource, properties: { tool } },
      context,
    };
  }

  /** Where its id is not known it is asked for once more by its key: what never reached the gateway is recorded by that, and cancelled. */
  async #takeBack({ input, key, actionId }: Asked): Promise<undefined> {
    const call = { timeoutMs: GRACE_MS };
    try {
      const id = actionId ?? (await this.#client.requestAction(input, { idempotencyKey: key, ...call })).action.id;
      await this.#client.actions.cancelAction({ actionId: id, reason: "The requester called it off." }, call);
    } catch {
      // Then it stays until its deadline, for nobody.
    }
  }
}

const GRACE_MS = 5000;

function nameOf({ actionId }: Asked): string {
  return actionId === undefined ? "The call" : `Action ${actionId}`;
}

function waitsText(asked: Asked): string {
  return `${nameOf(asked)} waits for a decision. Nothing was run. Call the tool again with the same arguments to go on waiting.`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An approved call: what the server answers is what the host is told, and whether it failed is what is reported. */
class Running {
  readonly #call: ToolCall;
  readonly #run: Run;
  started = false;
  outcome: Outcome | undefined;

  constructor(call: ToolCall, run: Run) {
    this.#call = call;
    this.#run = run;
  }

  /** Resolves with the result as text, whose digest is reported. */
  async start(approved: ActionInput): Promise<string> {
    this.started = true;
    const { properties = {} } = approved.action;
    const outcome = await this.#run(properties);
    const edited = canonicalJson(properties) !== canonicalJson(this.#call.arguments);
    this.outcome = edited
      ? withNote(outcome, `A reviewer changed the arguments, and the tool ran with these: ${JSON.stringify(properties)}`)
      : outcome;
    if (!("result" in outcome)) throw new Error("the server answered with an error");
    if (outcome.result["isError"] === true) throw new Error("the tool answered that it failed");
    return JSON.stringify(outcome.result);
  }
}

/** An agent that is not told would go on as if it had got what it asked for. */
function withNote(outcome: Outcome, text: string): Outcome {
  if (!("result" in outcome)) return outcome;
  const { content } = outcome.result;
  return { result: { ...outcome.result, content: [...(Array.isArray(content) ? content : []), { type: "text", text }] } };
}

/** As MCP has it for what a model is to read; never a success, so that no program takes it for one. */
function toolError(text: string): Outcome {
  return { result: { content: [{ type: "text", text }], isError: true } };
}
