import { afterAll, describe, expect, it } from "vitest";
import { createClient, digestOf, type ClientOptions, type CountersignClient } from "./client.ts";
import { requireApproval } from "./require-approval.ts";
import type { CallOptions } from "./transport.ts";

describe("createClient says what is missing, also to programs without types", () => {
  const without = (name: string): ClientOptions => Object.assign({ address: "127.0.0.1:1", token: "t" }, { [name]: undefined });

  it.each<[string, ClientOptions, string]>([
    ["no token", without("token"), "token must be a bearer token"],
    ["an empty token", { address: "127.0.0.1:1", token: "" }, "token must be a bearer token"],
    ["no address", without("address"), "address must be HOST:PORT"],
    ["a URL", { address: "http://127.0.0.1:1", token: "t" }, "address must be HOST:PORT, not a URL: http://127.0.0.1:1"],
  ])("%s", (_what, options, message) => {
    expect(() => createClient(options)).toThrow(message);
  });
});

describe("a call says what is wrong with its arguments, and sends nothing", () => {
  const client = createClient({ address: "127.0.0.1:1", token: "t" });
  const forgetful = createClient({ address: "127.0.0.1:1", token: () => none() });
  afterAll(() => [client, forgetful].forEach((each) => each.close()));
  /** As a program without types has it. */
  const none = (value?: unknown): never => value as never;
  const digest = new Uint8Array(32);
  const stream = (options: CallOptions) => client.actions.watchAction({ actionId: "a" }, options)[Symbol.asyncIterator]().next();
  const entity = { type: "t", id: "1" };
  const input = { subject: entity, action: { name: "a" }, resource: entity };

  it.each<[string, () => Promise<unknown>, string]>([
    ["a digest as text", () => client.redeem("t", none("abc")), "digest must be the 32 bytes that digestOf gives"],
    ["half a digest", () => client.acceptEdit("a", new Uint8Array(16)), "digest must be the 32 bytes"],
    ["no grant", () => client.redeem("", digest), "grantToken must be the token of a grant"],
    ["no action to wait for", () => client.waitForDecision(none()), "actionId must be the id of an action"],
    ["no action to report", () => client.report("", { outcome: "failed" }), "actionId must be"],
    ["no report", () => client.report("a", none()), 'report.outcome must be "succeeded" or "failed"'],
    ["an outcome that there is not", () => client.report("a", none({ outcome: "success" })), "report.outcome must be"],
    [
      "a time as text",
      () => client.report("a", { outcome: "failed" }, { timeoutMs: none("5s") }),
      "timeoutMs must be a number of milliseconds",
    ],
    ["a time for a stream that is none", () => stream({ timeoutMs: Number.NaN }), "timeoutMs must be"],
    [
      "a time that no timer can wait",
      () => client.requestAndWatch(input, { timeoutMs: 2 ** 31 }),
      "timeoutMs must be at most 2,073,600,000",
    ],
    ["a wait as text", () => client.requestAction(input, { waitMs: none("5s") }), "waitMs must be 0 to 300,000"],
    ["a wait that the server would not grant", () => client.requestAction(input, { waitMs: 400_000 }), "waitMs must be 0 to 300,000"],
    ["no input", () => client.requestAndWatch(none()), "input"],
    ["a function that returns no token", () => forgetful.report("a", { outcome: "failed" }), "token must return a bearer token"],
    ["the same for a stream", () => forgetful.waitForDecision("a"), "token must return a bearer token"],
  ])("%s", async (_what, call, message) => {
    await expect(call()).rejects.toThrow(message);
    await expect(call()).rejects.toBeInstanceOf(TypeError);
  });

  it("a digest of what is no JSON names the member", () => {
    const dated = { ...input, action: { name: "a", properties: { since: none(new Date()) } } };
    const action = { tenant: "acme", salt: digest, bindingContext: [] };
    expect(() => digestOf(action, dated)).toThrow("input.action.properties.since must be a JSON value");
  });
});

describe("a call that cannot begin says so in the same way, whichever it is, and sends nothing", () => {
  const entity = { type: "t", id: "1" };
  const input = { subject: entity, action: { name: "a" }, resource: entity };
  const calls: [string, (client: CountersignClient, options: CallOptions) => Promise<unknown>][] = [
    ["unary", (client, options) => client.actions.getAction({ actionId: "a" }, options)],
    ["a stream", (client, options) => client.actions.watchAction({ actionId: "a" }, options)[Symbol.asyncIterator]().next()],
    ["waitForDecision", (client, options) => client.waitForDecision("a", options)],
    ["redeem", (client, options) => client.redeem("t", new Uint8Array(32), options)],
    ["requireApproval", (client, options) => requireApproval(client, input, () => {}, options)],
  ];

  it.each(calls)("called off before: %s", async (_what, call) => {
    const client = createClient({ address: "127.0.0.1:1", token: "t" });
    await expect(call(client, { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    client.close();
  });

  it.each(calls)("of a client that is closed: %s", async (_what, call) => {
    const client = createClient({ address: "127.0.0.1:1", token: "t" });
    client.close();
    await expect(call(client, {})).rejects.toMatchObject({ reason: "CLIENT_CLOSED", effect: "none", retryable: false });
  });
});
