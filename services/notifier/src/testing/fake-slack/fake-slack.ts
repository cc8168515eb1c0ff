import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { textOf, withFault, type Fault } from "../faults.ts";
import {
  envelope,
  json,
  ok,
  signedHeaders,
  submission,
  type Answer,
  type FakeBlock,
  type FakeButton,
  type FakeMessage,
  type FakeView,
  type Form,
  type User,
} from "./payloads.ts";
import { messageProblem, viewProblem } from "./rules.ts";

export type FakeSlackOptions = {
  /** Fault of each call, by its method and number. */
  readonly fault?: (method: string, call: number) => Fault | undefined;
  /** Posts per second and conversation, above which it answers 429; default no limit. */
  readonly perSecond?: number;
};

const BOT = { user_id: "U0BOT", bot_id: "B0BOT", team_id: "T0TEAM" };
/** Slack itself waits for 3 s, which a busy machine may need for anything. */
const TRIGGER_MS = 20_000;

/** Slack's Web API, Socket Mode and interactions on loopback: it checks what it gets as the real one does, and misbehaves on demand. */
export class FakeSlack {
  readonly botToken = "xoxb-fake";
  readonly appToken = "xapp-fake";
  readonly signingSecret = "8f742231b10e8888abcd99yyyzzz85a5";
  readonly messages: FakeMessage[] = [];
  readonly ephemerals: { readonly conversation: string; readonly user: string; readonly text: string }[] = [];
  readonly views: FakeView[] = [];
  /** Calls that it refused, other than for going too fast. */
  readonly refused: string[] = [];
  /** Calls above the limit. */
  tooFast = 0;
  /** Where an app without Socket Mode takes interactions. */
  requestUrl = "";
  /** Envelopes that the app acknowledged, with what it answered. */
  readonly acks = new Map<string, unknown>();
  readonly #options: FakeSlackOptions;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #tickets = new Set<string>();
  readonly #triggers = new Map<string, number>();
  readonly #lastPost = new Map<string, number>();
  #calls = 0;
  #clock = Date.now() * 1000;

  constructor(options: FakeSlackOptions = {}) {
    this.#options = options;
    this.#server.on("upgrade", (request, socket, head) => {
      const ticket = new URL(request.url ?? "", "http://x").searchParams.get("ticket") ?? "";
      if (this.#tickets.delete(ticket)) this.#sockets.handleUpgrade(request, socket, head, (connection) => this.#greet(connection));
      else socket.destroy();
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  get apiUrl(): string {
    return `http://127.0.0.1:${this.#port}/api/`;
  }

  get #port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections of Socket Mode that are open. */
  get connections(): number {
    return this.#sockets.clients.size;
  }

  /** Connections of Socket Mode that were ever opened. */
  greeted = 0;

  /** As Slack does every few hours. */
  askToReconnect(): void {
    for (const connection of this.#sockets.clients) connection.send(JSON.stringify({ type: "disconnect", reason: "refresh_requested" }));
  }

  async close(): Promise<void> {
    for (const connection of this.#sockets.clients) connection.terminate();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** A user presses a button of a message as it is now. */
  click(user: User, message: FakeMessage, actionId: string): Promise<{ status: number; ack: unknown }> {
    const button = message.blocks.flatMap(({ elements = [] }) => elements).find((element) => element.action_id === actionId);
    if (button === undefined) throw new Error(`the message has no button ${actionId}`);
    return this.interact(this.clickPayload(user, message, button));
  }

  clickPayload(user: User, message: FakeMessage, button: FakeButton): object {
    const trigger = randomUUID();
    this.#triggers.set(trigger, Date.now() + TRIGGER_MS);
    return {
      type: "block_actions",
      api_app_id: "A0APP",
      trigger_id: trigger,
      user: { id: user.id, team_id: user.team, username: "mallory", name: "admin" },
      team: { id: BOT.team_id, domain: "acme" },
      channel: { id: message.conversation, name: "reviews" },
      container: { type: "message", message_ts: message.ts, channel_id: message.conversation, is_ephemeral: false },
      actions: [{ type: "button", block_id: "b", action_ts: "1.1", ...button }],
    };
  }

  /** A user sends a form with these values. */
  submit(user: User, view: FakeView, values: Readonly<Record<string, string>>): Promise<{ status: number; ack: unknown }> {
    return this.interact(submission({ user, team: BOT.team_id, view, values }));
  }

  /** Sends a payload as Slack does: over the socket if there is one, else as a signed request. */
  async interact(payload: object, headers: Readonly<Record<string, string>> = {}): Promise<{ status: number; ack: unknown }> {
    const [connection] = this.#sockets.clients;
    if (connection !== undefined) return this.#overSocket(connection, payload);
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const answer = await fetch(this.requestUrl, { method: "POST", headers: { ...this.sign(body), ...headers }, body });
    const text = await answer.text();
    return { status: answer.status, ack: text === "" ? undefined : JSON.parse(text) };
  }

  sign(body: string, at?: Date): Record<string, string> {
    return signedHeaders(this.signingSecret, body, at);
  }

  /** Sends one envelope again, as Slack does when it heard no acknowledgement. */
  resend(id: string, payload: object): void {
    for (const connection of this.#sockets.clients) connection.send(envelope(id, payload));
  }

  async #overSocket(connection: WebSocket, payload: object): Promise<{ status: number; ack: unknown }> {
    const id = randomUUID();
    connection.send(envelope(id, payload));
    for (let waited = 0; !this.acks.has(id); waited += 5) {
      if (waited > TRIGGER_MS) return { status: 408, ack: undefined };
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { status: 200, ack: this.acks.get(id) };
  }

  #greet(connection: WebSocket): void {
    connection.on("message", (data: Buffer) => {
      const { envelope_id: id, payload } = JSON.parse(data.toString("utf8")) as { envelope_id: string; payload: unknown };
      this.acks.set(id, payload);
    });
    connection.send(JSON.stringify({ type: "hello", num_connections: 1 }));
    this.greeted += 1;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = (request.url ?? "").replace("/api/", "");
    const form = new URLSearchParams(await textOf(request));
    const fault = this.#options.fault?.(method, this.#calls++);
    await withFault(fault, request, response, async () => this.#call(method, form, request.headers.authorization)).catch(() => {});
  }

  #call(method: string, form: Form, authorization: string | undefined): Answer {
    const wanted = method === "apps.connections.open" ? this.appToken : this.botToken;
    if (authorization !== `Bearer ${wanted}`) return this.#refuse("invalid_auth");
    switch (method) {
      case "auth.test":
        return ok(BOT);
      case "chat.postMessage":
        return this.#post(form);
      case "chat.update":
        return this.#update(form);
      case "chat.postEphemeral":
        return this.#postEphemeral(form);
      case "views.open":
        return this.#openView(form);
      case "conversations.history":
        return this.#history(form);
      case "apps.connections.open":
        return this.#openConnection();
      default:
        return this.#refuse("unknown_method");
    }
  }

  #post(form: Form): Answer {
    const conversation = form.get("channel") ?? "";
    if (!/^[CGD][A-Z0-9]+$/.test(conversation)) return this.#refuse("channel_not_found");
    const limited = this.#limit(conversation);
    if (limited !== undefined) return limited;
    const blocks = json(form, "blocks");
    const metadata = json(form, "metadata");
    const problem = messageProblem(form.get("text") ?? undefined, blocks, metadata);
    if (problem !== undefined) return this.#refuse(problem);
    const ts = this.#timestamp();
    this.messages.push({
      ts,
      conversation,
      text: form.get("text") ?? "",
      blocks: (blocks ?? []) as FakeBlock[],
      metadata: metadata as FakeMessage["metadata"],
      updates: 0,
    });
    return ok({ channel: conversation, ts, message: { text: form.get("text"), ts } });
  }

  #update(form: Form): Answer {
    const message = this.messages.find(({ ts, conversation }) => ts === form.get("ts") && conversation === form.get("channel"));
    if (message === undefined) return this.#refuse("message_not_found");
    const blocks = json(form, "blocks");
    const problem = messageProblem(form.get("text") ?? undefined, blocks, undefined);
    if (problem !== undefined) return this.#refuse(problem);
    message.text = form.get("text") ?? "";
    message.blocks = (blocks ?? []) as FakeBlock[];
    message.updates += 1;
    return ok({ channel: message.conversation, ts: message.ts, text: message.text });
  }

  #postEphemeral(form: Form): Answer {
    const [conversation, user, text] = [form.get("channel") ?? "", form.get("user") ?? "", form.get("text") ?? ""];
    if (conversation === "" || user === "" || text === "") return this.#refuse("invalid_arguments");
    this.ephemerals.push({ conversation, user, text });
    return ok({ message_ts: this.#timestamp() });
  }

  #openView(form: Form): Answer {
    const trigger = form.get("trigger_id") ?? "";
    const until = this.#triggers.get(trigger);
    this.#triggers.delete(trigger);
    if (until === undefined || until < Date.now()) return this.#refuse(until === undefined ? "invalid_trigger_id" : "trigger_expired");
    const view = json(form, "view") as FakeView;
    const problem = viewProblem(view);
    if (problem !== undefined) return this.#refuse(problem);
    this.views.push(view);
    return ok({ view: { id: `V${this.views.length}` } });
  }

  /** Newest first, in pages, metadata only when it is asked for. */
  #history(form: Form): Answer {
    const limit = Number(form.get("limit") ?? 100);
    if (limit < 1 || limit > 999) return this.#refuse("invalid_limit");
    const from = Number(form.get("cursor") ?? 0);
    const oldest = Number(form.get("oldest") ?? 0);
    const all = this.messages.filter(({ ts, conversation }) => conversation === form.get("channel") && Number(ts) >= oldest).toReversed();
    const page = all.slice(from, from + limit).map(({ ts, text, metadata }) => ({
      ts,
      text,
      bot_id: BOT.bot_id,
      ...(form.get("include_all_metadata") === "true" && metadata !== undefined ? { metadata } : {}),
    }));
    const next = from + limit < all.length ? String(from + limit) : "";
    return ok({ messages: page, has_more: next !== "", response_metadata: { next_cursor: next } });
  }

  #openConnection(): Answer {
    const ticket = randomUUID();
    this.#tickets.add(ticket);
    return ok({ url: `ws://127.0.0.1:${this.#port}/link?ticket=${ticket}` });
  }

  #limit(conversation: string): Answer | undefined {
    const { perSecond } = this.#options;
    if (perSecond === undefined) return undefined;
    const now = Date.now();
    const soonest = this.#lastPost.get(conversation) ?? 0;
    if (now < soonest) {
      this.tooFast += 1;
      return {
        status: 429,
        json: { ok: false, error: "ratelimited" },
        headers: { "retry-after": String(Math.ceil((soonest - now) / 1000)) },
      };
    }
    this.#lastPost.set(conversation, now + 1000 / perSecond);
    return undefined;
  }

  #refuse(error: string): Answer {
    this.refused.push(error);
    return { status: 200, json: { ok: false, error } };
  }

  #timestamp(): string {
    this.#clock += 100;
    return `${Math.floor(this.#clock / 1_000_000)}.${String(this.#clock % 1_000_000).padStart(6, "0")}`;
  }
}
