import { ConfigError, parseYaml, readSettingFile } from "@countersign/config";
import { readDirectoryClientConfig, type DirectoryClientConfig } from "@countersign/directory-client";
import { readIssuers, type IssuerConfig } from "@countersign/identity";
import { channelsFile, type AppConfig, type ChannelConfig } from "./channels-file.ts";
import type { PageConfig } from "./page-file.ts";

/** Settings of the notifier. */
export type NotifierConfig = {
  readonly channels: readonly ChannelConfig[];
  readonly apps: readonly AppConfig[];
  readonly allowedHosts: readonly string[];
  readonly retentionDays: number;
  /** Where chat services post to; undefined: nowhere. */
  readonly listen: { readonly host: string; readonly port: number } | undefined;
  readonly directory: DirectoryClientConfig;
  /** Where people decide signed in, with the issuers whose people they are. */
  readonly page: (PageConfig & { readonly issuers: readonly IssuerConfig[] }) | undefined;
};

const NO_CHANNELS = "{}";

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_CHANNELS_FILE | none: no channels | YAML or JSON file with the channels; it holds secrets, so keep it readable for the service only |
 * | COUNTERSIGN_NOTIFIER_LISTEN | none | host:port where Slack and Teams post to, behind something that ends TLS; apps in Socket Mode need none |
 * @throws ConfigError with every problem.
 */
export function readNotifierConfig(env: NodeJS.ProcessEnv): NotifierConfig {
  const path = env["COUNTERSIGN_CHANNELS_FILE"];
  const config = parseChannels(
    path === undefined || path === "" ? NO_CHANNELS : readSettingFile("COUNTERSIGN_CHANNELS_FILE", path).toString("utf8"),
    readListen(env["COUNTERSIGN_NOTIFIER_LISTEN"]),
    () => readIssuers(env),
  );
  return Object.freeze({ ...config, directory: readDirectoryClientConfig(env) });
}

function readListen(text: string | undefined): NotifierConfig["listen"] {
  if (text === undefined || text === "") return undefined;
  const [, host = "", port = ""] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(port) > 65_535)
    throw new ConfigError(["COUNTERSIGN_NOTIFIER_LISTEN: must be host:port, for example 127.0.0.1:7090"]);
  return { host, port: Number(port) };
}

/**
 * Reads the text of a channels file.
 * @throws ConfigError with every problem, by its place in the file; values are never repeated, since they may be secrets.
 */
export function parseChannels(
  text: string,
  listen?: NotifierConfig["listen"],
  issuers: () => readonly IssuerConfig[] = () => [],
): NotifierConfig {
  const parsed = channelsFile.safeParse(readYaml(text));
  if (parsed.success) {
    const { apps, channels, allowed_hosts: allowedHosts, retention_days: retentionDays } = parsed.data;
    const deaf = apps.find((app) => app.kind === "teams" || app.signing_secret !== undefined);
    if (deaf !== undefined && listen === undefined)
      throw new ConfigError([`COUNTERSIGN_NOTIFIER_LISTEN: is required, since the app ${deaf.name} takes requests over HTTP`]);
    if (parsed.data.page !== undefined && listen === undefined)
      throw new ConfigError(["COUNTERSIGN_NOTIFIER_LISTEN: is required, since there is a page"]);
    const page = parsed.data.page === undefined ? undefined : withIssuers(parsed.data.page, issuers());
    return Object.freeze({ channels, apps, page, allowedHosts, retentionDays, listen, directory: readDirectoryClientConfig({}) });
  }
  throw new ConfigError(parsed.error.issues.map((issue) => `COUNTERSIGN_CHANNELS_FILE: ${issue.path.join(".")}: ${issue.message}`));
}

/** What claims of a person mean is said once, with the issuers of the front door. */
function withIssuers(page: PageConfig, issuers: readonly IssuerConfig[]): NonNullable<NotifierConfig["page"]> {
  const problems = page.sign_in.flatMap(({ issuer, client_id: client }) => {
    const known = issuers.find((one) => one.issuer === issuer);
    if (known === undefined) return [`${issuer} is none of COUNTERSIGN_ISSUERS`];
    // Approval takes nobody's word for it: it verifies what people signed in with, and for which client.
    return known.signInClients.includes(client) ? [] : [`the client_id is none of the signInClients of ${issuer} in COUNTERSIGN_ISSUERS`];
  });
  if (problems.length === 0) return { ...page, issuers };
  throw new ConfigError(problems.map((problem) => `COUNTERSIGN_CHANNELS_FILE: page.sign_in: ${problem}`));
}

function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    throw new ConfigError(["COUNTERSIGN_CHANNELS_FILE: is neither YAML nor JSON"]);
  }
}
