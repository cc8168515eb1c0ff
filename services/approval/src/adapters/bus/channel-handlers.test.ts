import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import type { CommandHandler } from "@countersign/bus";
import { DirectoryUnreachableError, type Resolved } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { readIssuers, whoSignedIn } from "@countersign/identity";
import * as wire from "@countersign/proto/internal/v1/channel_pb";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { ActionStatus, CommentKind, type Action } from "@countersign/proto/v1/action_pb";
import { GetActionRequestSchema, GetActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalType, SignInStrength, type PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { GetReviewResponseSchema, type SubmitVoteRequestSchema } from "@countersign/proto/v1/review_service_pb";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeEach, describe, expect, it } from "vitest";
import type { SignIn } from "../../domain/principal.ts";
import { ISSUER, stage, T0, verdict } from "../../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../../testing/test-approval.ts";
import { channelHandlers } from "./channel-handlers.ts";

const keys = await generateKeyPair("EdDSA", { extractable: true });
const stranger = await generateKeyPair("EdDSA");
const issuer = {
  issuer: ISSUER,
  audience: "front-door",
  jwks: { keys: [{ ...(await exportJWK(keys.publicKey)), kty: "OKP" }] },
  tenants: ["acme", "globex"],
  signIn: { amr: ["mfa"] },
  signInClients: ["page"],
};
const issuers = readIssuers({ COUNTERSIGN_ISSUERS: JSON.stringify([issuer]) });
const account = { channel: "slack", workspace: "T1", id: "U1" };
const ann = samplePerson({
  id: "p-ann",
  displayName: "Ann",
  groups: ["oncall"],
  principals: [{ issuer: ISSUER, id: "ann" }],
  accounts: [account],
  roles: ["reviewer"],
});

let world: TestApproval;
let handlers: Readonly<Record<string, CommandHandler>>;
let resolved: Resolved | "unreachable";
let asked: unknown[];

beforeEach(async () => {
  world = await testApproval();
  resolved = { managed: true, person: ann };
  asked = [];
  const directory = {
    ...world.deps.directory,
    resolvePerson: async (tenant: string, who: object): Promise<Resolved> => {
      asked.push([tenant, who]);
      if (resolved === "unreachable") throw new DirectoryUnreachableError("gone");
      return resolved;
    },
  };
  handlers = channelHandlers(
    { ...world.deps, directory },
    whoSignedIn(issuers, () => new Date(world.now)),
  );
});

/** A review that asks for this strength of sign-in. */
async function request(leastSignIn: SignIn = "any"): Promise<Action> {
  world.answer = verdict("review", { stages: [stage(["oncall"], 1, { leastSignIn })] });
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  if (action === undefined) throw new Error("no action");
  return action;
}

const NOTIFIER = { tenant: "acme", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" };
type Caller = MessageInitShape<typeof PrincipalSchema>;

async function send<Request extends DescMessage>(
  method: string,
  schema: Request,
  message: MessageInitShape<Request>,
  caller: Caller = NOTIFIER,
) {
  const body = toBinary<DescMessage>(schema, create<DescMessage>(schema, message));
  const handler = handlers[method];
  if (handler === undefined) throw new Error(method);
  return handler(create(CommandSchema, { caller, request: body }));
}

const approval = (action: Action): MessageInitShape<typeof SubmitVoteRequestSchema> => ({
  ...shownOf(action),
  decision: { case: "approve", value: { reason: "" } },
});
const rejection = (action: Action, reason: string): MessageInitShape<typeof SubmitVoteRequestSchema> => ({
  ...shownOf(action),
  decision: { case: "reject", value: { reason } },
});
const click = (action: Action, caller?: Caller) =>
  send("SubmitVoteFromChat", wire.SubmitVoteFromChatRequestSchema, { account, vote: approval(action) }, caller);
const decide = async (action: Action, token: string | Promise<string>, caller?: Caller) =>
  send("SubmitVoteFromPage", wire.SubmitVoteFromPageRequestSchema, { idToken: await token, vote: approval(action) }, caller);
const idToken = (more: object = {}, key = keys.privateKey) =>
  new SignJWT({ aud: "page", sub: "ann", tenant: "acme", principal_type: "human", roles: ["reviewer"], groups: ["oncall"], ...more })
    .setProtectedHeader({ alg: "EdDSA" })
    .setIssuer(ISSUER)
    .setIssuedAt(T0 / 1000)
    .setExpirationTime(T0 / 1000 + 600)
    .sign(key);
const now = async ({ id }: Action) => (await world.call("GetAction", { actionId: id })).action;
/** What a broken-into notifier would say it is. */
const pretended = {
  ...NOTIFIER,
  type: PrincipalType.HUMAN,
  issuer: ISSUER,
  id: "bob",
  groups: ["oncall"],
  roles: ["reviewer"],
  signIn: SignInStrength.MFA,
};

describe("P3: a click in a chat, as a notifier that was broken into may tell it", () => {
  it("is the vote of whoever the directory says has the account, and nothing that the notifier says counts", async () => {
    const action = await request("chat");
    await click(action, pretended);
    expect(asked[0]).toEqual(["acme", { account }]);
    expect(await now(action)).toMatchObject({ status: ActionStatus.APPROVED, review: { votes: [{ reviewer: { id: "ann" } }] } });
  });

  it.each(["session", "mfa"] as const)("is worth a click: policy that asks for %s is safe", async (leastSignIn) => {
    const action = await request(leastSignIn);
    await expect(click(action, pretended)).rejects.toMatchObject({ reason: "SIGN_IN_TOO_WEAK" });
    expect(await now(action)).toMatchObject({ status: ActionStatus.IN_REVIEW, review: { votes: [] } });
  });

  it.each<[string, Resolved | "unreachable", string]>([
    ["nobody has the account", { managed: true, person: undefined }, "NOT_IN_DIRECTORY"],
    ["the person is switched off", { managed: true, person: { ...ann, active: false } }, "NOT_IN_DIRECTORY"],
    ["the person signs in with nothing", { managed: true, person: { ...ann, principals: [] } }, "NOT_IN_DIRECTORY"],
    ["the tenant keeps no people in the directory", { managed: false }, "NOT_IN_DIRECTORY"],
    ["the person is no reviewer", { managed: true, person: { ...ann, roles: [] } }, "ROLE_MISSING"],
    ["nobody can say", "unreachable", "DIRECTORY_UNREACHABLE"],
  ])("P7: decides nothing when %s", async (_what, answer, reason) => {
    const action = await request();
    resolved = answer;
    await expect(click(action)).rejects.toMatchObject({ reason });
    expect(await now(action)).toMatchObject({ status: ActionStatus.IN_REVIEW, review: { votes: [] } });
  });

  it("P8: decides nothing in another tenant", async () => {
    await expect(click(await request(), { ...NOTIFIER, tenant: "globex" })).rejects.toMatchObject({ reason: "NOT_FOUND" });
  });
});

describe("P3: a decision on the page", () => {
  it("is whose ID token it came with, at the strength that its issuer says", async () => {
    const action = await request("mfa");
    await expect(decide(action, idToken(), pretended)).rejects.toMatchObject({ reason: "SIGN_IN_TOO_WEAK" });
    await decide(action, idToken({ amr: ["mfa"], auth_time: T0 / 1000 }));
    expect(await now(action)).toMatchObject({ status: ActionStatus.APPROVED, review: { votes: [{ reviewer: { id: "ann" } }] } });
  });

  it.each<[string, () => Promise<string> | string, string]>([
    ["no token", () => "", "TOKEN_MISSING"],
    ["a token that somebody else signed", () => idToken({}, stranger.privateKey), "TOKEN_INVALID"],
    ["an access token of the front door", () => idToken({ aud: "front-door" }), "TOKEN_INVALID"],
    ["an ID token for another client", () => idToken({ aud: "another" }), "TOKEN_INVALID"],
    ["a token of another tenant", () => idToken({ tenant: "globex" }), "TOKEN_INVALID"],
    ["an agent's token", () => idToken({ principal_type: "agent" }), "NOT_HUMAN"],
    ["a token on behalf of somebody", () => idToken({ act: { sub: "bot", principal_type: "human" } }), "NOT_HUMAN"],
    ["a token without the role", () => idToken({ roles: ["requester"] }), "ROLE_MISSING"],
  ])("P7: is none with %s", async (_what, token, reason) => {
    const action = await request();
    await expect(decide(action, token())).rejects.toMatchObject({ reason });
    const review = { idToken: await token(), review: { actionId: action.id } };
    await expect(send("GetReviewFromPage", wire.GetReviewFromPageRequestSchema, review)).rejects.toMatchObject({ reason });
    expect(await now(action)).toMatchObject({ status: ActionStatus.IN_REVIEW, review: { votes: [] } });
  });

  it("P7: is none after the token has expired, nor where nobody signs in", async () => {
    const action = await request();
    const token = await idToken();
    handlers = channelHandlers(world.deps, whoSignedIn([]));
    await expect(decide(action, token)).rejects.toMatchObject({ reason: "TOKEN_INVALID" });
    world.now += 3_600_000;
    handlers = channelHandlers(
      world.deps,
      whoSignedIn(issuers, () => new Date(world.now)),
    );
    await expect(decide(action, token)).rejects.toMatchObject({ reason: "TOKEN_EXPIRED" });
  });

  it.each(["", " \n"])("P7: is no rejection when it says %j for a reason, as at the front door", async (reason) => {
    const action = await request();
    const message = { idToken: await idToken(), vote: rejection(action, reason) };
    await expect(send("SubmitVoteFromPage", wire.SubmitVoteFromPageRequestSchema, message)).rejects.toMatchObject({
      reason: "REASON_REQUIRED",
    });
    expect(await now(action)).toMatchObject({ status: ActionStatus.IN_REVIEW, review: { votes: [] } });
  });

  it("P7: takes no longer words than the front door, nor in a chat: each is in every answer about the action", async () => {
    const action = await request();
    const vote = rejection(action, "x".repeat(4097));
    const long = { reason: "FIELD_VIOLATION" };
    const fromPage = { idToken: await idToken(), vote };
    await expect(send("SubmitVoteFromPage", wire.SubmitVoteFromPageRequestSchema, fromPage)).rejects.toMatchObject(long);
    await expect(send("SubmitVoteFromChat", wire.SubmitVoteFromChatRequestSchema, { account, vote })).rejects.toMatchObject(long);
    const value = { actionId: action.id, kind: CommentKind.QUESTION, text: "\u{1f600}".repeat(4097), idempotencyKey: "q" };
    const word = { case: "comment", value } as const;
    await expect(send("DiscussFromChat", wire.DiscussFromChatRequestSchema, { account, word })).rejects.toMatchObject(long);
    await send("DiscussFromChat", wire.DiscussFromChatRequestSchema, {
      account,
      word: { ...word, value: { ...value, text: "\u{1f600}".repeat(4096) } },
    });
    expect(await now(action)).toMatchObject({ status: ActionStatus.IN_REVIEW, review: { votes: [], comments: [{ number: 1 }] } });
  });

  it("shows the review as that person may see it", async () => {
    const action = await request("mfa");
    const message = { idToken: await idToken(), review: { actionId: action.id } };
    const reply = fromBinary(GetReviewResponseSchema, await send("GetReviewFromPage", wire.GetReviewFromPageRequestSchema, message));
    expect(reply).toMatchObject({ action: { id: action.id }, eligible: false, ineligibleReason: "SIGN_IN_TOO_WEAK" });
  });
});

describe("P3: what is said and claimed in a chat", () => {
  const discuss = (word: MessageInitShape<typeof wire.DiscussFromChatRequestSchema>["word"]) =>
    send("DiscussFromChat", wire.DiscussFromChatRequestSchema, { account, ...(word && { word }) });

  it("is the person's whose account it is, also where a vote asks for more than a click", async () => {
    const { id: actionId } = await request("mfa");
    await discuss({ case: "claim", value: { actionId } });
    const question = { actionId, kind: CommentKind.QUESTION, text: "which ones?", idempotencyKey: "q" };
    await discuss({ case: "comment", value: question });
    await discuss({ case: "comment", value: question });
    const { action } = await world.call("GetAction", { actionId });
    expect(action?.review).toMatchObject({
      claim: { reviewer: { id: "ann" } },
      comments: [{ author: { issuer: ISSUER, id: "ann" }, text: "which ones?" }],
    });
    await discuss({ case: "release", value: { actionId } });
    expect((await world.call("GetAction", { actionId })).action?.review?.claim).toBeUndefined();
  });

  it("P7: is refused for an account of nobody, and when it says nothing", async () => {
    const { id: actionId } = await request();
    await expect(discuss(undefined)).rejects.toMatchObject({ reason: "FIELD_VIOLATION" });
    resolved = { managed: true, person: undefined };
    await expect(discuss({ case: "claim", value: { actionId } })).rejects.toMatchObject({ reason: "NOT_IN_DIRECTORY" });
  });
});

describe("P1, P2: what channels may show", () => {
  it("is the action and never its grant, whoever the notifier says it is", async () => {
    world.answer = verdict("allow");
    const { action, grantToken } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    expect(grantToken).not.toBe("");
    for (const caller of [NOTIFIER, action?.requester ?? NOTIFIER]) {
      const reply = await send("GetActionForChannel", GetActionRequestSchema, { actionId: action?.id ?? "" }, caller);
      expect(fromBinary(GetActionResponseSchema, reply)).toMatchObject({ action: { id: action?.id }, grantToken: "" });
    }
    const elsewhere = send(
      "GetActionForChannel",
      GetActionRequestSchema,
      { actionId: action?.id ?? "" },
      { ...NOTIFIER, tenant: "globex" },
    );
    await expect(elsewhere).rejects.toMatchObject({ reason: "NOT_FOUND" });
  });
});
