import { ConfigError, durationSetting, parseYaml, readSettingFile } from "@countersign/config";
import { z } from "zod";

const name = z.string().regex(/^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$/i, "must be 1 to 64 letters, digits, dots, hyphens and underscores");
const text = z.string().min(1).max(512);
const moment = z.iso.datetime({ offset: true, message: "must be a time such as 2026-01-05T08:00:00Z" }).transform((iso) => Date.parse(iso));

const scimToken = z.strictObject({
  /** Stands in the log as the cause of its changes. */
  name,
  /** Lower-case hex of the token's SHA-256. The token must be random: 32 bytes are right. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "must be the SHA-256 of the token, 64 lower-case hex digits"),
});

const rotation = z.strictObject({
  /** When the first of `people` begins. */
  start: moment,
  /** How long each turn is. */
  turn: durationSetting.refine((ms) => ms >= 60_000, "must be a minute or longer"),
  /** User names, in the order of their turns. */
  people: z.array(text).min(1).max(100),
});

const override = z
  .strictObject({ from: moment, until: moment, person: text })
  .refine(({ from, until }) => until > from, "must end after it begins");

const schedule = z
  .strictObject({ rotations: z.array(rotation).max(20).default([]), overrides: z.array(override).max(500).default([]) })
  .refine(({ rotations, overrides }) => rotations.length + overrides.length > 0, "has nobody in it");

const pagerDuty = z.strictObject({
  url: z.url().refine(isSafe, "must be https (http is taken for loopback addresses only)").default("https://api.pagerduty.com"),
  /** A read-only REST API key. */
  token: z.string().min(1).max(512),
  subdomain: name,
  /** Schedule ids there, by what policies call them. */
  schedules: z.record(name, text).refine((ids) => Object.keys(ids).length > 0, "names no schedule"),
  cache: durationSetting.refine((ms) => ms >= 1000 && ms <= 300_000, "must be 1s to 5m").default(30_000),
  timeout: durationSetting.refine((ms) => ms >= 50 && ms <= 1500, "must be 50ms to 1500ms: votes wait for it").default(1000),
});

const tenant = z
  .strictObject({
    /** Two while the provider changes over. */
    scim_tokens: z.array(scimToken).min(1, "needs a token: without one nobody could be provisioned").max(10),
    /** How tokens of an issuer name people: by which attribute of theirs. */
    sign_in: z
      .array(z.strictObject({ issuer: text, by: z.enum(["userName", "externalId"]) }))
      .min(1)
      .max(20),
    /** Which groups give a role where no token says roles, which is in chats. None: nobody decides there. */
    roles: z.strictObject({ reviewer: z.array(text).min(1).max(100) }).optional(),
    schedules: z.record(name, schedule).default({}),
    pagerduty: pagerDuty.optional(),
  })
  .refine(({ sign_in: rules }) => new Set(rules.map(({ issuer }) => issuer)).size === rules.length, {
    path: ["sign_in"],
    message: "names an issuer twice",
  })
  .refine(({ schedules, pagerduty }) => Object.keys(pagerduty?.schedules ?? {}).every((one) => !Object.hasOwn(schedules, one)), {
    path: ["pagerduty", "schedules"],
    message: "names a schedule that stands in schedules as well",
  });

const file = z
  .strictObject({ tenants: z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must match [a-z0-9][a-z0-9-]{0,62}"), tenant) })
  .refine(({ tenants }) => isSet(Object.values(tenants).flatMap((one) => one.scim_tokens.map(({ sha256 }) => sha256))), {
    path: ["tenants"],
    message: "use a SCIM token twice: it says whose people are meant",
  });

export type TenantSettings = z.output<typeof tenant>;

/**
 * Reads the text of a directory file.
 * @throws ConfigError with every problem, by its place in the file; values are never repeated, since they may be secrets.
 */
export function parseDirectoryFile(content: string): ReadonlyMap<string, TenantSettings> {
  const parsed = file.safeParse(readYaml(content));
  if (parsed.success) return new Map(Object.entries(parsed.data.tenants));
  throw new ConfigError(parsed.error.issues.map((issue) => `COUNTERSIGN_DIRECTORY_FILE: ${issue.path.join(".")}: ${issue.message}`));
}

/** @throws ConfigError */
export function readDirectoryFile(path: string): ReadonlyMap<string, TenantSettings> {
  return parseDirectoryFile(readSettingFile("COUNTERSIGN_DIRECTORY_FILE", path).toString("utf8"));
}

function readYaml(content: string): unknown {
  try {
    return parseYaml(content);
  } catch {
    throw new ConfigError(["COUNTERSIGN_DIRECTORY_FILE: is neither YAML nor JSON"]);
  }
}

/** Asked of texts that are no URL too: the problem that they have then has been told. */
function isSafe(address: string): boolean {
  const url = URL.parse(address);
  if (url === null) return true;
  const { protocol, hostname } = url;
  return protocol === "https:" || (protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(hostname));
}

function isSet(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
