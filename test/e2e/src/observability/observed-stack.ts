import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type CountersignClient } from "@countersign/client";
import { migrate } from "@countersign/database";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer, type DevelopmentName, type DevelopmentPrincipal } from "@countersign/identity";
import { ALL_MIGRATIONS } from "@countersign/server";
import { developmentKeys, ensureStarterPolicy } from "@countersign/standalone";
import { freePort, testNats, testPostgres } from "@countersign/testing";
import { formatVerifierKey, signerKeyOfSeed } from "@countersign/tlog";
import { runProgram, type Program } from "../program.ts";
import { startOtlpCollector, type OtlpCollector } from "./otlp-collector.ts";

/** Everything that must appear in no line, metric, span or probe. */
export const PLANTED = {
  webhookUrl: "planted-webhook-path-7f3a",
  webhookSecret: `whsec_${Buffer.from("planted-webhook-secret-0123456789").toString("base64")}`,
  slackToken: "xoxb-1234567890-plantedslacktoken",
  slackSecret: "planted-slack-signing-secret",
  smtpPassword: "planted-smtp-password",
  scimToken: "planted-scim-token-of-32-bytes!!",
  mail: "planted.person@example.org",
  input: "planted-input-4111111111111111",
  justification: "planted-justification",
  reason: "planted-reason-of-a-reviewer",
  report: "planted-report-message",
} as const;

/** The whole of Countersign as one process, with telemetry and with everything that has secrets. */
export type ObservedStack = {
  readonly program: Program;
  readonly collector: OtlpCollector;
  /** host:port of `/metrics` and the probes. */
  readonly telemetry: string;
  readonly databaseUrl: string;
  readonly issuer: DevelopmentIssuer;
  as(who: DevelopmentName | DevelopmentPrincipal): Promise<CountersignClient>;
  close(): Promise<void>;
};

export async function startObservedStack(): Promise<ObservedStack> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-observed-"));
  const [database, nats, collector, port, scimPort, closedPort] = await Promise.all([
    testPostgres(),
    testNats(),
    startOtlpCollector(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  await migrate(database.url, ALL_MIGRATIONS);
  const keys = await developmentKeys(join(folder, "keys"));
  const program = runProgram("deploy/server/src/serve.ts", {
    ...keys.env,
    ...files(folder, closedPort),
    COUNTERSIGN_ISSUERS: JSON.stringify([keys.issuer.issuer, remoteIssuer(closedPort)]),
    COUNTERSIGN_DATABASE_URL: database.url,
    COUNTERSIGN_NATS_URL: nats.url,
    COUNTERSIGN_NATS_PREFIX: nats.prefix,
    COUNTERSIGN_PORT: String(port),
    COUNTERSIGN_MANAGED_TENANTS: "globex",
    COUNTERSIGN_SCIM_PORT: String(scimPort),
    COUNTERSIGN_LOG_LEVEL: "debug",
    COUNTERSIGN_TELEMETRY_PORT: "0",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_SAMPLER: "parentbased_always_on",
    OTEL_BSP_SCHEDULE_DELAY: "100",
    OTEL_METRIC_EXPORT_INTERVAL: "500",
  });
  await program.prints("countersign is ready");
  await ensureStarterPolicy(`127.0.0.1:${port}`, keys.issuer);
  await provision(scimPort);
  const telemetry = /"address":"([^"]+)","msg":"metrics and probes are served"/.exec(program.output())?.[1] ?? "";
  const clients: CountersignClient[] = [];
  return {
    program,
    collector,
    telemetry,
    databaseUrl: database.url,
    issuer: keys.issuer,
    as: async (who) => {
      const token = await keys.issuer.mint(typeof who === "string" ? DEVELOPMENT_PRINCIPALS[who] : who);
      const client = createClient({ address: `127.0.0.1:${port}`, token });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      program.signal("SIGKILL");
      await program.ended();
      await collector.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Channels, a directory and a witness: none of those who are called out to answers, so everything fails that can. */
function files(folder: string, closedPort: number): NodeJS.ProcessEnv {
  const receiver = `127.0.0.1:${closedPort}`;
  const channels = [
    { name: "hook", kind: "webhook", tenants: ["acme"], url: `http://${receiver}/${PLANTED.webhookUrl}`, secrets: [PLANTED.webhookSecret] },
    { name: "slack", kind: "slack", tenants: ["acme"], app: "bot", conversation: "C0123456789" },
    {
      name: "mail",
      kind: "email",
      tenants: ["acme"],
      from: "countersign@example.org",
      host: "127.0.0.1",
      port: closedPort,
      security: "starttls",
      user: "countersign",
      password: PLANTED.smtpPassword,
    },
  ];
  const app = {
    name: "bot",
    kind: "slack",
    bot_token: PLANTED.slackToken,
    signing_secret: PLANTED.slackSecret,
    api_url: `http://${receiver}/api/`,
  };
  const tenant = {
    scim_tokens: [{ name: "provider", sha256: createHash("sha256").update(PLANTED.scimToken).digest("hex") }],
    sign_in: [{ issuer: "urn:countersign:development", by: "userName" }],
  };
  const witness = formatVerifierKey(signerKeyOfSeed("witness.example", "cosignature", Buffer.alloc(32, 7)).verifier);
  const write = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content, { mode: 0o600 });
    return join(folder, name);
  };
  return {
    COUNTERSIGN_CHANNELS_FILE: write("channels.yaml", JSON.stringify({ allowed_hosts: [receiver], apps: [app], channels })),
    COUNTERSIGN_NOTIFIER_LISTEN: "127.0.0.1:0",
    COUNTERSIGN_DIRECTORY_FILE: write("directory.yaml", JSON.stringify({ tenants: { globex: tenant } })),
    COUNTERSIGN_WITNESS_POLICY_FILE: write("witnesses", `witness one ${witness} http://${receiver}/witness\nquorum one\n`),
  };
}

/** An issuer whose keys cannot be fetched. */
function remoteIssuer(closedPort: number) {
  return {
    issuer: `http://127.0.0.1:${closedPort}`,
    audience: "countersign",
    jwks: { url: `http://127.0.0.1:${closedPort}/jwks` },
    tenants: ["globex"],
  };
}

async function provision(port: number): Promise<void> {
  const user = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "planted-person",
    emails: [{ value: PLANTED.mail, primary: true }],
    active: true,
  };
  const answer = await fetch(`http://127.0.0.1:${port}/scim/v2/Users`, {
    method: "POST",
    headers: { authorization: `Bearer ${PLANTED.scimToken}`, "content-type": "application/scim+json" },
    body: JSON.stringify(user),
  });
  if (answer.status !== 201) throw new Error(`SCIM answered ${answer.status}: ${await answer.text()}`);
}
