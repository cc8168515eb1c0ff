import type { JsonObject } from "@countersign/digest";
import {
  errorOutcome,
  INTERNAL_ERROR,
  INVALID_PARAMS,
  INVALID_REQUEST,
  messageLine,
  METHOD_NOT_FOUND,
  parseAnswer,
  parseMessage,
  responseLine,
  type Id,
  type Message,
  type Outcome,
} from "./json-rpc.ts";
import { readToolCall, type ToolCall } from "./tool-call.ts";

/**
 * Asks whether a call may run, and calls `run` at most once, with the arguments that may. Resolves with what the host is told; with nothing for a call that
 * `cancelled` took back, which nobody waits for. Rejects for what cannot be asked.
 */
export type Ask = (call: ToolCall, run: Run, cancelled: AbortSignal) => Promise<Outcome | undefined>;

/** Has the server run the call. Rejects when the server ends before it answers. */
export type Run = (approved: JsonObject) => Promise<Outcome>;

/** Where lines go, without their end. */
export type Lines = { toHost(line: string): void; toServer(line: string): void };

/** All requests that hosts have, up to revision 2026-07-28, but for tools/call. What else there may be could run something. */
const CALL_NO_TOOL = new Set([
  "completion/complete",
  "initialize",
  "logging/setLevel",
  "ping",
  "prompts/get",
  "prompts/list",
  "resources/list",
  "resources/read",
  "resources/subscribe",
  "resources/templates/list",
  "resources/unsubscribe",
  "server/discover",
  "subscriptions/listen",
  "tasks/cancel",
  "tasks/get",
  "tasks/list",
  "tasks/result",
  "tasks/update",
  "tools/list",
]);

type Call = {
  readonly cancel: AbortController;
  /** Set once the server runs it. */
  answered?: { resolve(outcome: Outcome): void; reject(error: Error): void };
  answer?: { readonly outcome: Outcome; readonly line: string };
};

/** Stands between a host and its MCP server: what calls a tool waits until it is approved, all else passes. */
export class Guard {
  readonly #lines: Lines;
  readonly #ask: Ask;
  readonly #calls = new Map<Id, Call>();
  /** Requests that were passed on and not answered yet. */
  readonly #passed = new Set<Id>();
  readonly #open = new Set<Promise<void>>();

  constructor(lines: Lines, ask: Ask) {
    this.#lines = lines;
    this.#ask = ask;
  }

  fromHost(line: string): void {
    const message = parseMessage(line);
    switch (message.kind) {
      case "malformed":
        return this.#lines.toHost(responseLine(message.id, errorOutcome(message.code, message.why)));
      case "request":
        return this.#request(message);
      case "notification":
        return this.#notification(message);
      case "response":
        return this.#lines.toServer(messageLine(message));
      default:
        return message satisfies never;
    }
  }

  /** The server is trusted with what it does: its lines pass as they are, but for answers that a call waits for. */
  fromServer(line: string): void {
    const answer = parseAnswer(line);
    if (answer !== undefined) this.#passed.delete(answer.id);
    const call = answer && this.#calls.get(answer.id);
    if (answer === undefined || call?.answered === undefined) return this.#lines.toHost(line);
    call.answer = { outcome: answer.outcome, line };
    call.answered.resolve(answer.outcome);
  }

  /** Whatever still runs gets no answer any more. */
  serverEnded(): void {
    for (const { answered } of this.#calls.values()) answered?.reject(new Error("the server ended before it answered"));
  }

  /** Takes back what is asked for and runs not yet; resolves when all of it is. */
  async hostEnded(): Promise<void> {
    for (const { cancel, answered } of this.#calls.values()) if (answered === undefined) cancel.abort();
    await Promise.all(this.#open);
  }

  #request(request: Message & { readonly kind: "request" }): void {
    const { id, method, params } = request;
    // An answer is told by its id alone: whose it is must be clear.
    if (this.#calls.has(id) || this.#passed.has(id))
      return this.#refuse(id, INVALID_REQUEST, "id is that of a request that is not answered yet");
    if (CALL_NO_TOOL.has(method)) {
      this.#passed.add(id);
      return this.#lines.toServer(messageLine(request));
    }
    if (method !== "tools/call")
      return this.#refuse(id, METHOD_NOT_FOUND, `${method} is not passed on: it is none of the requests that call no tool`);
    const answering = this.#answer(id, params).finally(() => this.#open.delete(answering));
    this.#open.add(answering);
  }

  /** A request without an id is none that is answered: only what is named a notification passes. */
  #notification(message: Message & { readonly kind: "notification" }): void {
    if (!message.method.startsWith("notifications/")) return;
    if (message.method === "notifications/cancelled") {
      const { requestId } = message.params ?? {};
      const call = typeof requestId === "string" || typeof requestId === "number" ? this.#calls.get(requestId) : undefined;
      if (call !== undefined && call.answered === undefined) return call.cancel.abort();
    }
    this.#lines.toServer(messageLine(message));
  }

  async #answer(id: Id, params: JsonObject | undefined): Promise<void> {
    const call: Call = { cancel: new AbortController() };
    this.#calls.set(id, call);
    const outcome = await this.#outcomeOf(id, call, params).catch((error: unknown) =>
      errorOutcome(INTERNAL_ERROR, error instanceof Error ? error.message : String(error)),
    );
    this.#calls.delete(id);
    if (outcome === undefined) return;
    // What the server said is passed on as it said it.
    this.#lines.toHost(outcome === call.answer?.outcome ? call.answer.line : responseLine(id, outcome));
  }

  async #outcomeOf(id: Id, call: Call, params: JsonObject | undefined): Promise<Outcome | undefined> {
    const read = readToolCall(params);
    if (!read.ok) return errorOutcome(INVALID_PARAMS, read.why);
    return this.#ask(read.call, (approved) => this.#run(id, call, { ...read.call, arguments: approved }), call.cancel.signal);
  }

  #run(id: Id, call: Call, { tool, arguments: approved, meta }: ToolCall): Promise<Outcome> {
    const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
    call.answered = { resolve, reject };
    const params = { name: tool, arguments: approved, ...(meta && { _meta: meta }) };
    this.#lines.toServer(messageLine({ kind: "request", id, method: "tools/call", params }));
    return promise;
  }

  #refuse(id: Id, code: number, why: string): void {
    this.#lines.toHost(responseLine(id, errorOutcome(code, why)));
  }
}
