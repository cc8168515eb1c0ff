import { booleanSetting, ConfigError, durationSetting, portSetting, readConfig } from "@countersign/config";
import { type IssuerConfig, readIssuers, readTrustDomains } from "@countersign/identity";
import { type Quotas, readQuotas } from "@countersign/quotas";
import { z } from "zod";
import { readTls, type TlsSettings } from "./tls.ts";

const count = z.coerce.number().int().min(1).max(1_000_000);
const file = z.string().optional();

const schema = z.object({
  host: z.string().default("127.0.0.1"),
  port: portSetting.default(50_051),
  plaintext: booleanSetting.default(false),
  tlsCertFile: file,
  tlsKeyFile: file,
  tlsClientCaFile: file,
  tlsReloadMs: durationSetting.default(60_000),
  tokenMaxLifetimeMs: durationSetting.default(86_400_000),
  callTimeoutMs: durationSetting.default(10_000),
  answerMs: durationSetting.default(5000),
  drainMs: durationSetting.default(10_000),
  maxInFlight: count.default(1024),
  maxQueued: count.default(1024),
  targetLatencyMs: durationSetting.default(150),
  queueMs: durationSetting.default(5000),
  maxConnections: count.default(10_000),
  maxWatches: count.default(10_000),
  maxWatchesPerTenant: count.default(5000),
  recheckMs: durationSetting.default(5000),
});

const VARIABLES = {
  host: "COUNTERSIGN_HOST",
  port: "COUNTERSIGN_PORT",
  plaintext: "COUNTERSIGN_PLAINTEXT",
  tlsCertFile: "COUNTERSIGN_TLS_CERT_FILE",
  tlsKeyFile: "COUNTERSIGN_TLS_KEY_FILE",
  tlsClientCaFile: "COUNTERSIGN_TLS_CLIENT_CA_FILE",
  tlsReloadMs: "COUNTERSIGN_TLS_RELOAD_INTERVAL",
  tokenMaxLifetimeMs: "COUNTERSIGN_TOKEN_MAX_LIFETIME",
  callTimeoutMs: "COUNTERSIGN_CALL_TIMEOUT",
  answerMs: "COUNTERSIGN_ANSWER_TIMEOUT",
  drainMs: "COUNTERSIGN_DRAIN_TIME",
  maxInFlight: "COUNTERSIGN_MAX_IN_FLIGHT",
  maxQueued: "COUNTERSIGN_MAX_QUEUED",
  targetLatencyMs: "COUNTERSIGN_TARGET_LATENCY",
  queueMs: "COUNTERSIGN_QUEUE_TIME",
  maxConnections: "COUNTERSIGN_MAX_CONNECTIONS",
  maxWatches: "COUNTERSIGN_MAX_WATCHES",
  maxWatchesPerTenant: "COUNTERSIGN_MAX_WATCHES_PER_TENANT",
  recheckMs: "COUNTERSIGN_RECHECK_INTERVAL",
} as const;

/** Settings of the front door. */
export type GatewayConfig = Readonly<z.output<typeof schema>> & {
  readonly issuers: readonly IssuerConfig[];
  /** Absent: plaintext. */
  readonly tls: TlsSettings | undefined;
  readonly quotas: Quotas;
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_ISSUERS or COUNTERSIGN_ISSUERS_FILE | required | whose tokens are accepted: JSON, or a YAML or JSON file |
 * | COUNTERSIGN_HOST | 127.0.0.1 | address to listen on |
 * | COUNTERSIGN_PORT | 50051 | port to listen on; 0 takes a free one |
 * | COUNTERSIGN_TLS_CERT_FILE, COUNTERSIGN_TLS_KEY_FILE | none | PEM; needed unless the address is loopback |
 * | COUNTERSIGN_TLS_CLIENT_CA_FILE | none | PEM; callers must then present a certificate, one that it or a trust domain's authority signed |
 * | COUNTERSIGN_TRUST_DOMAINS_FILE | none | SPIFFE trust domains whose workloads may call with certificates in place of tokens: see `readTrustDomains` |
 * | COUNTERSIGN_TLS_RELOAD_INTERVAL | 60s | how often certificate, key, authorities and trust domains are read again |
 * | COUNTERSIGN_PLAINTEXT | false | true: no TLS on other addresses either, behind a proxy or mesh that adds it |
 * | COUNTERSIGN_TOKEN_MAX_LIFETIME | 24h | tokens that live longer are refused |
 * | COUNTERSIGN_CALL_TIMEOUT | 10s | for calls that come without a deadline |
 * | COUNTERSIGN_ANSWER_TIMEOUT | 5s | approval or policy silent for so long: the caller may repeat the call |
 * | COUNTERSIGN_DRAIN_TIME | 10s | how long closing waits for calls under way |
 * | COUNTERSIGN_MAX_IN_FLIGHT | 1024 | calls worked on at once at most; how many there are follows COUNTERSIGN_TARGET_LATENCY |
 * | COUNTERSIGN_TARGET_LATENCY | 150ms | fewer calls are let in at once while half of them take longer than that, and more while they do not; never fewer than 32 |
 * | COUNTERSIGN_MAX_QUEUED | 1024 | calls in line for a place; beyond, whoever has most of them there loses its newest (OVERLOADED) |
 * | COUNTERSIGN_QUEUE_TIME | 5s | how long a call waits for a place at most; twice COUNTERSIGN_TARGET_LATENCY once its tenant has its share of the places and its line has stood for half a second |
 * | COUNTERSIGN_QUOTAS_FILE | none | what each tenant may have at most: see `@countersign/quotas` |
 * | COUNTERSIGN_MAX_CONNECTIONS | 10000 | connections at once, some 20 KB each; more are closed as they come, and the log says so |
 * | COUNTERSIGN_MAX_WATCHES | 10000 | streams and waiting calls held at once |
 * | COUNTERSIGN_MAX_WATCHES_PER_TENANT | 5000 | of these, per tenant |
 * | COUNTERSIGN_RECHECK_INTERVAL | 5s | how often a watched action is looked at although nothing was heard |
 * @throws ConfigError with every problem.
 */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const problems: string[] = [];
  const settings = gather(problems, () => readConfig(schema, VARIABLES, env));
  const issuers = gather(problems, () => readIssuers(env));
  const trustDomains = gather(problems, () => readTrustDomains(env));
  const quotas = gather(problems, () => readQuotas(env));
  const tls = settings && trustDomains && gather(problems, () => readTls(settings, () => readTrustDomains(env)));
  if (!settings || !issuers || !trustDomains || !quotas || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ ...settings, issuers, tls, quotas });
}

function gather<Value>(problems: string[], read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}
