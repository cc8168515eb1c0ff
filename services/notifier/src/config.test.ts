import { describe, expect, it } from "vitest";
import { parseChannels, readNotifierConfig } from "./config.ts";

const secret = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;

describe("channels file", () => {
  it("may be absent: no channels", () => {
    expect(readNotifierConfig({})).toEqual({ channels: [], allowedHosts: [] });
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
    expect(parseChannels(JSON.stringify({ channels: [] }))).toEqual({ channels: [], allowedHosts: [] });
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
});
