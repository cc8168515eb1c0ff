import { readIssuers } from "@countersign/identity";
import { describe, expect, it } from "vitest";
import { parseChannels, readNotifierConfig } from "./config.ts";

const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;

const NOTHING = {
  channels: [],
  apps: [],
  allowedHosts: [],
  retentionDays: 90,
  listen: undefined,
  directory: { managedTenants: [], withoutDirectory: false, timeoutMs: 2000 },
};

/** Apps and channels of chats, with changes. */
function chats(change: { app?: object; channel?: object; teams?: object } = {}): string {
  const slack = { name: "s", kind: "slack", bot_token: "xoxb-123456", app_token: "xapp-123456", ...change.app };
  const channel = { name: "c", kind: "slack", app: "s", conversation: "C012345", tenants: ["acme"], ...change.channel };
  return JSON.stringify({ apps: [slack, ...(change.teams === undefined ? [] : [change.teams])], channels: [channel] });
}

describe("channels file", () => {
  it("may be absent: no channels", () => {
    expect(readNotifierConfig({})).toEqual(NOTHING);
  });

  it("is YAML or JSON, with defaults", () => {
    const config = parseChannels(`
channels:
  - { name: screen, kind: terminal, tenants: all }
  - name: siem
    kind: webhook
    tenants: [acme]
    url: https://hooks.example.com/countersign
    secrets: [${secret}]
    events: [ReviewOpened, ActionApproved]
`);
    expect(config.channels).toMatchObject([
      { kind: "terminal", tenants: "all", output: "stdout" },
      { kind: "webhook", tenants: ["acme"], events: ["ReviewOpened", "ActionApproved"], secrets: [secret] },
    ]);
    expect(parseChannels(JSON.stringify({ channels: [] }))).toEqual(NOTHING);
  });

  it("lists every problem at once and repeats no value", () => {
    const read = () =>
      parseChannels(`
channels:
  - { name: hook, kind: webhook, tenants: all, url: "http://10.0.0.1/", secrets: [hunter2hunter2] }
  - { name: hook, kind: terminal }
`);
    expect(read).toThrow(/channels\.0\.secrets\.0: must be whsec_/);
    expect(read).toThrow(/channels\.1\.tenants/);
    expect(read).not.toThrow(/hunter2/);
  });

  it.each([
    ["P8: a channel without tenants", "channels: [{ name: a, kind: terminal }]", "tenants"],
    [
      "P7: a private target",
      `channels: [{ name: a, kind: webhook, tenants: all, url: "https://10.0.0.1/", secrets: [${secret}] }]`,
      "private network",
    ],
    [
      "P7: a target without TLS",
      `channels: [{ name: a, kind: webhook, tenants: all, url: "http://example.com/", secrets: [${secret}] }]`,
      "https",
    ],
    ["a name used twice", "channels: [{ name: a, kind: terminal, tenants: all }, { name: a, kind: terminal, tenants: all }]", "used twice"],
    ["an unknown event", "channels: [{ name: a, kind: terminal, tenants: all, events: [ActionRequested] }]", "events"],
    ["an unknown setting", "channels: [{ name: a, kind: terminal, tenants: all, colour: red }]", "colour"],
    ["an unknown kind", "channels: [{ name: a, kind: pigeon, tenants: all }]", "kind"],
    ["what is no YAML", "channels: [", "neither YAML nor JSON"],
  ])("refuses %s", (_what, text, problem) => {
    expect(() => parseChannels(text)).toThrow(problem);
  });

  it("takes a private target that is allowed by name and port", () => {
    const text = `{ allowed_hosts: ["127.0.0.1:9000"], channels: [{ name: a, kind: webhook, tenants: all, url: "http://127.0.0.1:9000/", secrets: [${secret}] }] }`;
    expect(parseChannels(text).channels).toHaveLength(1);
  });

  it("says when the file cannot be read", () => {
    expect(() => readNotifierConfig({ COUNTERSIGN_CHANNELS_FILE: "/nonexistent/channels.yaml" })).toThrow(
      "cannot read /nonexistent/channels.yaml",
    );
  });

  it("takes chats, with defaults", () => {
    const { apps, channels } = parseChannels(chats({ channel: { groups: ["dpo"] } }));
    expect(apps).toMatchObject([{ kind: "slack", api_url: "https://slack.com/api/" }]);
    expect(channels).toMatchObject([{ groups: ["dpo"], edit: true, per_second: 1 }]);
  });

  it.each([
    ["an app with neither way in", { app: { app_token: undefined } }, "exactly one of signing_secret (HTTP) and app_token"],
    ["an app with both ways in", { app: { signing_secret: "12345678" } }, "exactly one of signing_secret (HTTP) and app_token"],
    ["a channel of no app", { channel: { app: "x" } }, "channels.0.app: is no slack app of this file"],
    ["a conversation by name", { channel: { conversation: "#general" } }, "must be an id such as C0123ABCD"],
    ["a review page without TLS", { app: { review_url: "http://x.example/{action}" } }, "apps.0.review_url: must be https"],
    [
      "a bot that nobody can reach",
      { teams: { name: "t", kind: "teams", app_id: "1", app_password: "12345678" } },
      "COUNTERSIGN_NOTIFIER_LISTEN: is required",
    ],
    ["two apps of one name", { teams: { name: "s", kind: "teams", app_id: "1", app_password: "12345678" } }, "apps.1.name: is used twice"],
  ])("refuses %s", (_what, change, problem) => {
    expect(() => parseChannels(chats(change))).toThrow(problem);
  });

  it.each([
    ["an issuer that the front door does not know", "https://elsewhere.example", "page", "is none of COUNTERSIGN_ISSUERS"],
    ["an issuer that is no URL", "elsewhere.example", "page", "page.sign_in.0.issuer: Invalid URL"],
    [
      "P3: a client whose people approval would not believe",
      "https://id.example",
      "other",
      "none of the signInClients of https://id.example",
    ],
  ])("refuses a page with %s", (_what, issuer, clientId, problem) => {
    const own = {
      issuer: "https://id.example",
      audience: "a",
      jwks: { url: "https://id.example/jwks" },
      tenants: ["acme"],
      signInClients: ["page"],
    };
    const page = { url: "https://cs.example", secret: "s".repeat(32), sign_in: [{ issuer, client_id: clientId, tenants: ["acme"] }] };
    const read = () => readIssuers({ COUNTERSIGN_ISSUERS: JSON.stringify([own]) });
    expect(() => parseChannels(JSON.stringify({ page }), { host: "127.0.0.1", port: 0 }, read)).toThrow(problem);
  });

  it.each(["7090", "x:99999", ":1"])("refuses to listen on %s", (listen) => {
    expect(() => readNotifierConfig({ COUNTERSIGN_NOTIFIER_LISTEN: listen })).toThrow("must be host:port");
  });
});
