import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from "jose";
import { textOf, withFault, type Fault } from "../faults.ts";
import { activityProblem, cardProblem, executeOf } from "./rules.ts";

export type FakeCard = Readonly<Record<string, unknown>>;
export type FakeActivity = { readonly id: string; readonly conversation: string; card: FakeCard; updates: number };
export type TeamsUser = { readonly id: string; readonly tenant: string };
export type InvokeAnswer = { readonly status: number; readonly body: { statusCode: number; type: string; value: unknown } | undefined };

/** What a token says, and who says it; for requests that are not genuine. */
export type TokenChange = {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly key?: "endorsed" | "unendorsed" | "foreign";
  readonly expires?: number;
};

type Answer = { readonly status: number; readonly json?: unknown };
const ISSUER = "https://api.botframework.com";

type SigningKey = { readonly privateKey: CryptoKey; readonly jwk: JWK & { readonly endorsements: readonly string[] } };

/** One set for all fakes of a process: RSA keys take their time. */
let keys: Promise<ReadonlyMap<string, SigningKey>> | undefined;

async function makeKeys(): Promise<ReadonlyMap<string, SigningKey>> {
  const made = new Map<string, SigningKey>();
  for (const kid of ["endorsed", "unendorsed", "foreign"]) {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const endorsements = kid === "endorsed" ? ["msteams", "webchat"] : ["webchat"];
    made.set(kid, { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: "sig", endorsements } });
  }
  return made;
}

/** The login service, the Bot Framework's REST API and its keys on loopback: it checks what it gets as the real ones do, and misbehaves on demand. */
export class FakeTeams {
  readonly appId = "9f1e0b1c-0000-4000-8000-00000000b07a";
  readonly password = "bot-password";
  readonly serviceUrl = "https://smba.example/emea/";
  readonly activities: FakeActivity[] = [];
  readonly refused: string[] = [];
  /** Posts that it took and did not answer: nobody can know of them, so each may come once more. */
  unanswered = 0;
  tokensGiven = 0;
  /** The bot's messaging endpoint. */
  endpoint = "";
  readonly #tokens = new Set<string>();
  readonly #fault: (path: string, call: number) => Fault | undefined;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #keys: ReadonlyMap<string, SigningKey> = new Map();
  #calls = 0;

  constructor(fault: (path: string, call: number) => Fault | undefined = () => undefined) {
    this.#fault = fault;
  }

  async start(): Promise<this> {
    keys ??= makeKeys();
    this.#keys = await keys;
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return this;
  }

  /** `http://127.0.0.1:<port>/`: login, service and metadata alike. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Somebody presses a button of a card as it is now, with what was typed. */
  click(user: TeamsUser, activity: FakeActivity, verb: string, inputs: Readonly<Record<string, string>> = {}): Promise<InvokeAnswer> {
    const refresh = (activity.card["refresh"] as { readonly action: FakeCard } | undefined)?.action;
    const action = refresh?.["verb"] === verb ? refresh : executeOf(activity.card, verb);
    if (action === undefined) throw new Error(`the card has no button ${verb}`);
    const data = { ...(action["data"] as object), ...inputs };
    return this.invoke(this.activityOf(user, activity, { action: { type: "Action.Execute", verb, data }, trigger: "manual" }));
  }

  activityOf(user: TeamsUser, { id, conversation }: FakeActivity, value: object): Readonly<Record<string, unknown>> {
    return {
      type: "invoke",
      name: "adaptiveCard/action",
      id: `f:${randomUUID()}`,
      channelId: "msteams",
      serviceUrl: this.serviceUrl,
      from: { id: `29:${user.id}`, name: "Admin", aadObjectId: user.id },
      recipient: { id: `28:${this.appId}`, name: "Countersign" },
      conversation: { id: `${conversation};messageid=${id}`, conversationType: "channel", tenantId: user.tenant },
      channelData: { tenant: { id: user.tenant } },
      replyToId: id,
      value,
    };
  }

  /** Posts an activity to the bot as the Bot Framework does. */
  async invoke(activity: object, change: TokenChange = {}): Promise<InvokeAnswer> {
    const response = await fetch(this.endpoint, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${await this.token(change)}` },
      body: JSON.stringify(activity),
    });
    const text = await response.text();
    const body = text === "" ? undefined : (JSON.parse(text) as InvokeAnswer["body"]);
    if (body?.type === "application/vnd.microsoft.card.adaptive") {
      const problem = cardProblem(body.value as FakeCard);
      if (problem !== undefined) this.refused.push(problem);
    }
    return { status: response.status, body };
  }

  async token({ claims = {}, key = "endorsed", expires = 3600 }: TokenChange = {}): Promise<string> {
    const signing = this.#keys.get(key);
    if (signing === undefined) throw new Error("no such key");
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ serviceurl: this.serviceUrl, nbf: now - 60, exp: now + expires, iss: ISSUER, aud: this.appId, ...claims })
      .setProtectedHeader({ alg: "RS256", kid: key, typ: "JWT" })
      .sign(signing.privateKey);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const path = decodeURIComponent(request.url ?? "");
    const fault = path.startsWith("/v3/") ? this.#fault(path, this.#calls++) : undefined;
    if (request.method === "POST" && (fault === "late" || fault?.endsWith("-after") === true)) this.unanswered += 1;
    await withFault(fault, request, response, async () => this.#answer(request, path, body)).catch(() => {});
  }

  #answer(request: IncomingMessage, path: string, body: string): Answer {
    if (path.endsWith("/oauth2/v2.0/token")) return this.#giveToken(new URLSearchParams(body));
    if (path === "/openid")
      return { status: 200, json: { issuer: ISSUER, jwks_uri: `${this.url}keys`, id_token_signing_alg_values_supported: ["RS256"] } };
    // The foreign key is nobody's.
    if (path === "/keys") return { status: 200, json: { keys: ["endorsed", "unendorsed"].map((kid) => this.#keys.get(kid)?.jwk) } };
    if (!this.#tokens.has((request.headers.authorization ?? "").replace(/^Bearer /, ""))) return this.#refuse(401, "Unauthorized");
    const [, conversation = "", id] = /^\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+))?$/.exec(path) ?? [];
    if (!conversation.startsWith("19:")) return this.#refuse(404, "ConversationNotFound");
    const problem = activityProblem(body);
    if (problem !== undefined) return this.#refuse(problem === "MessageSizeTooBig" ? 413 : 400, problem);
    const card = (JSON.parse(body) as { readonly attachments: readonly { readonly content: FakeCard }[] }).attachments[0]?.content ?? {};
    return id === undefined ? this.#post(conversation, card) : this.#put(request, conversation, id, card);
  }

  #post(conversation: string, card: FakeCard): Answer {
    const id = `1:${this.activities.length}`;
    this.activities.push({ id, conversation, card, updates: 0 });
    return { status: 201, json: { id } };
  }

  #put(request: IncomingMessage, conversation: string, id: string, card: FakeCard): Answer {
    const activity = this.activities.find((known) => known.id === id && known.conversation === conversation);
    if (request.method !== "PUT" || activity === undefined) return this.#refuse(404, "ActivityNotFound");
    activity.card = card;
    activity.updates += 1;
    return { status: 200, json: { id } };
  }

  #giveToken(form: URLSearchParams): Answer {
    const isRight =
      form.get("grant_type") === "client_credentials" &&
      form.get("client_id") === this.appId &&
      form.get("client_secret") === this.password &&
      form.get("scope") === "https://api.botframework.com/.default";
    if (!isRight) return this.#refuse(401, "invalid_client");
    const token = `token-${randomUUID()}`;
    this.#tokens.add(token);
    this.tokensGiven += 1;
    return { status: 200, json: { token_type: "Bearer", expires_in: 3599, access_token: token } };
  }

  #refuse(status: number, code: string): Answer {
    this.refused.push(code);
    return { status, json: { error: { code, message: code } } };
  }
}
