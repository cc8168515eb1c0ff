import { ConfigError } from "@countersign/config";
import { readIssuers } from "@countersign/identity";
import { parseChannels } from "@countersign/notifier";
import { readRuntimeConfig } from "@countersign/runtime";
import { parseDirectoryFile } from "../../../../services/directory/src/directory-file.ts";
import { textOf, texts, type Target } from "../engine/target.ts";

const yaml = ["&a ", "*a", "<<: *a", "- ", "? ", "|", ">", "!!binary ", "!!js/function ", "---", "{", "}", "[", "]", "null", "~", '"', "#"];
const common = { kind: "text", refusals: [ConfigError], quick: 20 } as const;

const channels = `apps:
  - { name: acme, kind: slack, bot_token: xoxb-12345678, app_token: xapp-12345678, review_url: "https://x.example/{action}" }
  - { name: ms, kind: teams, app_id: a, app_password: 12345678901 }
channels:
  - { name: ops, kind: slack, app: acme, tenants: [acme], conversation: C0123ABCD, groups: all, edit: false, per_second: 2 }
  - { name: hook, kind: webhook, tenants: all, url: "https://hooks.example.com:8443/x?y", secrets: [whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz] }
  - { name: mail, kind: email, tenants: [acme], from: a@example.com, host: mail.example.com, user: u, password: 12345678901, digest: { below: 30 } }
  - { name: pager, kind: pagerduty, tenants: [acme], routing_key: 0123456789abcdef0123456789abcdef, urgent_from: 70 }
  - { name: tty, kind: terminal, tenants: all, events: [ReviewOpened] }
allowed_hosts: ["10.0.0.1:8080"]
retention_days: 90
`;

/** Files of channels: webhooks, chats, mail. */
export const channelsFile: Target = {
  ...common,
  name: "channels-file",
  words: [...yaml, "url", "https://[::ffff:127.0.0.1]/", "http://0x7f.1/", "page", "secret", "sign_in", "events", "tenants", "all"],
  prepare: () => ({
    seeds: texts(channels),
    run: (input) => JSON.stringify(parseChannels(textOf(input), { host: "127.0.0.1", port: 7090 })),
  }),
};

const directory = `tenants:
  acme:
    scim_tokens: [{ name: okta, sha256: ${"ab".repeat(32)} }]
    sign_in: [{ issuer: "https://id.example", by: userName }]
    roles: { reviewer: [sre] }
    schedules:
      night: { rotations: [{ start: 2026-01-05T08:00:00Z, turn: 7d, people: [alice, bob] }], overrides: [{ from: 2026-01-06T08:00:00+01:00, until: 2026-01-07T08:00:00Z, person: bob }] }
    pagerduty: { token: x, subdomain: acme, schedules: { db: P1 }, cache: 10s }
`;

/** Files of directories. */
export const directoryFile: Target = {
  ...common,
  name: "directory-file",
  words: [...yaml, "schedules", "rotations", "start", "turn", "7d", "__proto__:", "tenants:", "99999-01-01T00:00:00Z", "999999999d"],
  prepare: () => ({ seeds: texts(directory), run: (input) => JSON.stringify([...parseDirectoryFile(textOf(input))]) }),
};

const issuers = `- issuer: https://id.example
  audience: [countersign]
  jwks: { url: "https://id.example/jwks", refreshAfter: 10m }
  algorithms: [EdDSA, RS256]
  tenants: { "72f988bf": acme }
  claims: { groups: [realm_access, roles], tenant: tid }
  types: { app: service }
  roles: { sre: [reviewer] }
  mayGive: [reviewer, ledger_operator]
  signIn: { acr: [mfa], amr: [[pwd, otp]], maxAge: 1h }
- { issuer: other, audience: x, tenants: "*", jwks: { keys: [{ kty: OKP, crv: Ed25519, x: abc }] }, maxTokenAge: 5m, defaultType: agent }
`;

/** Files of issuers. */
export const issuersFile: Target = {
  ...common,
  name: "issuers-file",
  words: [...yaml, "jwks", "keys", "url", "tenants", "claims", "http://localhost", "https://", "d", "constructor", "__proto__"],
  prepare: () => ({ seeds: texts(issuers), run: (input) => JSON.stringify(readIssuers({ COUNTERSIGN_ISSUERS: textOf(input) })) }),
};

const programs = [
  { name: "pager", tenant: "acme", contract: 1, capabilities: ["show", "update"], channels: ["sms:+41"], ackSeconds: 30 },
  { name: "other", tenant: "globex", contract: 1, capabilities: [], channels: [] },
];

/** What notifiers that are programs of their own are registered with: docs/notifier-contract.md. */
export const notifierContract: Target = {
  ...common,
  name: "notifier-contract",
  kind: "json",
  words: ["name", "tenant", "contract", "capabilities", "channels", "ackSeconds", "show", "answer"],
  prepare: () => ({
    seeds: texts(JSON.stringify(programs)),
    run: (input) =>
      JSON.stringify(readRuntimeConfig({ COUNTERSIGN_DATABASE_URL: "postgres://x", COUNTERSIGN_NOTIFIER_PROGRAMS: textOf(input) })),
  }),
};
