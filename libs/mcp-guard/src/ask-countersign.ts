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

/** An action that nobody waits for at the moment: the same call goes on with it. */
type LeftWaiting = { readonly key: string; readonly actionId: string | undefined };

/** Tools as actions of Countersign: asked for, waited for, redeemed just before they run, and reported. */
export class CountersignAsker {
  readonly #client: CountersignClient;
  readonly #asking: Asking;
  readonly #left = new Map<string, LeftWaiting[]>();

  constructor(client: CountersignClient, asking: Asking) {
    this.#client = client;
    this.#asking = asking;
  }

  readonly ask: Ask = async (call, run, cancelled) => {
    const same = canonicalJson([call.tool, call.arguments]);
    const key = this.#goOnWith(same);
    const enough = new AbortController();
    const hold = setTimeout(() => enough.abort(), this.#asking.holdMs);
    const running = new Running(call, run);
    try {
      await requireApproval(
        this.#client,
        this.#inputOf(call),
        (approved) => {
          clearTimeout(hold);
          return running.start(approved);
        },
        { idempotencyKey: key, signal: AbortSignal.any([enough.signal, cancelled]), acceptEdits: true },
      );
    } catch (error) {
      if (!running.started) return await this.#notRun(error, { same, key, held: enough.signal.aborted, cancelled: cancelled.aborted });
    } finally {
      clearTimeout(hold);
    }
    return running.outcome ?? toolError("The server ended before it answered. Whether the call was done is not known.");
  };

  /** Takes back what waits for a call that will not come. */
  async close(): Promise<void> {
    const left = [...this.#left.values()].flat();
    this.#left.clear();
    await Promise.all(left.map(({ actionId }) => this.#takeBack(actionId)));
  }

  /** Two calls at once are two actions, also when they say the same. */
  #goOnWith(same: string): string {
    const left = this.#left.get(same);
    const first = left?.shift();
    if (left?.length === 0) this.#left.delete(same);
    return first?.key ?? randomUUID();
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

  async #notRun(
    error: unknown,
    { same, key, held, cancelled }: { readonly same: string; readonly key: string; readonly held: boolean; readonly cancelled: boolean },
  ): Promise<Outcome | undefined> {
    if (error instanceof NotApprovedError) return toolError(`${error.message}. Nothing was run.`);
    if (!(error instanceof CountersignError)) return errorOutcome(INVALID_PARAMS, error instanceof Error ? error.message : String(error));
    if (cancelled) {
      await this.#takeBack(error.actionId);
      return undefined;
    }
    this.#left.set(same, [...(this.#left.get(same) ?? []), { key, actionId: error.actionId }]);
    const what = error.actionId === undefined ? "The call" : `Action ${error.actionId}`;
    return held
      ? toolError(`${what} waits for a decision. Nothing was run. Call the tool again with the same arguments to go on waiting.`)
      : toolError(`${what} could not be decided: ${error.message}. Nothing was run.`);
  }

  async #takeBack(actionId: string | undefined): Promise<void> {
    if (actionId === undefined) return;
    await this.#client.actions.cancelAction({ actionId, reason: "The requester called it off." }, { timeoutMs: 5000 }).catch(() => {});
  }
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
