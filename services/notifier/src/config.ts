import { readFileSync } from "node:fs";
import { ConfigError } from "@countersign/config";
import { parse } from "yaml";
import { z } from "zod";
import { isWebhookSecret } from "./adapters/webhook/signature.ts";
import { urlProblem } from "./adapters/webhook/target.ts";
import { NOTIFIED_EVENTS, REVIEWER_EVENTS } from "./domain/notified-event.ts";

const common = {
  /** Unique; delivery state belongs to it. */
  name: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$/, "must be 1 to 64 lower-case letters, digits and hyphens"),
  /** Tenants that the channel may hear of, or `all`. There is no default: a channel must not hear of a tenant by accident. */
  tenants: z.union([z.literal("all"), z.array(z.string().min(1)).min(1)]),
};

const terminal = z.strictObject({
  ...common,
  kind: z.literal("terminal"),
  /** Where it prints. */
  output: z.enum(["stdout", "stderr"]).default("stdout"),
  events: z
    .array(z.enum(NOTIFIED_EVENTS))
    .min(1)
    .default([...REVIEWER_EVENTS]),
});

const webhook = z.strictObject({
  ...common,
  kind: z.literal("webhook"),
  /** https, port 443 or 8443, public address; else its `host:port` must be in `allowed_hosts`. */
  url: z.string().max(2048),
  /** One `whsec_` secret, or two while the receiver changes over. */
  secrets: z.array(z.string().refine(isWebhookSecret, "must be whsec_ and the base64 of 24 to 64 bytes")).min(1).max(2),
  events: z
    .array(z.enum(NOTIFIED_EVENTS))
    .min(1)
    .default([...NOTIFIED_EVENTS]),
});

const channelsFile = z
  .strictObject({
    channels: z.array(z.discriminatedUnion("kind", [terminal, webhook])).default([]),
    /** `host:port` that webhooks may reach although they are not https or not public: for development, and for receivers in one's own network. */
    allowed_hosts: z.array(z.string().regex(/^[^\s/@]+:\d{1,5}$/, "must be host:port")).default([]),
  })
  .superRefine((file, context) => {
    const names = new Set<string>();
    for (const [index, channel] of file.channels.entries()) {
      if (names.has(channel.name)) context.addIssue({ code: "custom", path: ["channels", index, "name"], message: "is used twice" });
      names.add(channel.name);
      const problem = channel.kind === "webhook" ? urlProblem(channel.url, { allowedHosts: file.allowed_hosts }) : undefined;
      if (problem !== undefined) context.addIssue({ code: "custom", path: ["channels", index, "url"], message: problem });
    }
  });

export type ChannelConfig = z.output<typeof channelsFile>["channels"][number];

/** Settings of the notifier. */
export type NotifierConfig = {
  readonly channels: readonly ChannelConfig[];
  readonly allowedHosts: readonly string[];
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_CHANNELS_FILE | none: no channels | YAML or JSON file with the channels; it holds secrets, so keep it readable for the service only |
 * @throws ConfigError with every problem.
 */
export function readNotifierConfig(env: NodeJS.ProcessEnv): NotifierConfig {
  const path = env["COUNTERSIGN_CHANNELS_FILE"];
  if (path === undefined || path === "") return { channels: [], allowedHosts: [] };
  return parseChannels(readText(path));
}

/**
 * Reads the text of a channels file.
 * @throws ConfigError with every problem, by its place in the file; values are never repeated, since they may be secrets.
 */
export function parseChannels(text: string): NotifierConfig {
  const parsed = channelsFile.safeParse(parseYaml(text));
  if (parsed.success) return Object.freeze({ channels: parsed.data.channels, allowedHosts: parsed.data.allowed_hosts });
  throw new ConfigError(parsed.error.issues.map((issue) => `COUNTERSIGN_CHANNELS_FILE: ${issue.path.join(".")}: ${issue.message}`));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    throw new ConfigError([`COUNTERSIGN_CHANNELS_FILE: cannot read ${path}`]);
  }
}

function parseYaml(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 });
  } catch {
    throw new ConfigError(["COUNTERSIGN_CHANNELS_FILE: is neither YAML nor JSON"]);
  }
}
