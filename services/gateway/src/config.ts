import { readFileSync } from "node:fs";
import { booleanSetting, ConfigError, durationSetting, portSetting, readConfig } from "@countersign/config";
import type { TlsFiles } from "@countersign/grpc-kit";
import { type IssuerConfig, readIssuers } from "@countersign/identity";
import { z } from "zod";

const count = z.coerce.number().int().min(1).max(1_000_000);
const file = z.string().optional();

const schema = z.object({
  host: z.string().default("127.0.0.1"),
  port: portSetting.default(50_051),
  plaintext: booleanSetting.default(false),
  tlsCertFile: file,
  tlsKeyFile: file,
  tlsClientCaFile: file,
  tokenMaxLifetimeMs: durationSetting.default(86_400_000),
  callTimeoutMs: durationSetting.default(10_000),
  answerMs: durationSetting.default(5000),
  drainMs: durationSetting.default(10_000),
  maxInFlight: count.default(1024),
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
  tokenMaxLifetimeMs: "COUNTERSIGN_TOKEN_MAX_LIFETIME",
  callTimeoutMs: "COUNTERSIGN_CALL_TIMEOUT",
  answerMs: "COUNTERSIGN_ANSWER_TIMEOUT",
  drainMs: "COUNTERSIGN_DRAIN_TIME",
  maxInFlight: "COUNTERSIGN_MAX_IN_FLIGHT",
  maxWatches: "COUNTERSIGN_MAX_WATCHES",
  maxWatchesPerTenant: "COUNTERSIGN_MAX_WATCHES_PER_TENANT",
  recheckMs: "COUNTERSIGN_RECHECK_INTERVAL",
} as const;

/** Settings of the front door. */
export type GatewayConfig = Readonly<z.output<typeof schema>> & {
  readonly issuers: readonly IssuerConfig[];
  readonly tls: TlsFiles | undefined;
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_ISSUERS or COUNTERSIGN_ISSUERS_FILE | required | whose tokens are accepted: JSON, or a YAML or JSON file |
 * | COUNTERSIGN_HOST | 127.0.0.1 | address to listen on |
 * | COUNTERSIGN_PORT | 50051 | port to listen on; 0 takes a free one |
 * | COUNTERSIGN_TLS_CERT_FILE, COUNTERSIGN_TLS_KEY_FILE | none | PEM; needed unless the address is loopback |
 * | COUNTERSIGN_TLS_CLIENT_CA_FILE | none | PEM; callers must then present a certificate that it signed |
 * | COUNTERSIGN_PLAINTEXT | false | true: no TLS on other addresses either, behind a proxy or mesh that adds it |
 * | COUNTERSIGN_TOKEN_MAX_LIFETIME | 24h | tokens that live longer are refused |
 * | COUNTERSIGN_CALL_TIMEOUT | 10s | for calls that come without a deadline |
 * | COUNTERSIGN_ANSWER_TIMEOUT | 5s | approval or policy silent for so long: the caller may repeat the call |
 * | COUNTERSIGN_DRAIN_TIME | 10s | how long closing waits for calls under way |
 * | COUNTERSIGN_MAX_IN_FLIGHT | 1024 | calls worked on at once; more are refused as OVERLOADED |
 * | COUNTERSIGN_MAX_WATCHES | 10000 | streams and waiting calls held at once |
 * | COUNTERSIGN_MAX_WATCHES_PER_TENANT | 5000 | of these, per tenant |
 * | COUNTERSIGN_RECHECK_INTERVAL | 5s | how often a watched action is looked at although nothing was heard |
 * @throws ConfigError with every problem.
 */
export function readGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const problems: string[] = [];
  const settings = gather(problems, () => readConfig(schema, VARIABLES, env));
  const issuers = gather(problems, () => readIssuers(env));
  const tls = settings && gather(problems, () => readTls(settings));
  if (settings === undefined || issuers === undefined || problems.length > 0) throw new ConfigError(problems);
  return Object.freeze({ ...settings, issuers, tls });
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

type Settings = z.output<typeof schema>;

function readTls({ host, plaintext, tlsCertFile, tlsKeyFile, tlsClientCaFile }: Settings): TlsFiles | undefined {
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) {
    return {
      cert: readPem("COUNTERSIGN_TLS_CERT_FILE", tlsCertFile),
      key: readPem("COUNTERSIGN_TLS_KEY_FILE", tlsKeyFile),
      clientCa: tlsClientCaFile === undefined ? undefined : readPem("COUNTERSIGN_TLS_CLIENT_CA_FILE", tlsClientCaFile),
    };
  }
  if (tlsCertFile !== undefined || tlsKeyFile !== undefined || tlsClientCaFile !== undefined) {
    throw new ConfigError(["COUNTERSIGN_TLS_CERT_FILE, COUNTERSIGN_TLS_KEY_FILE: set both of them"]);
  }
  if (!plaintext && !["127.0.0.1", "::1", "localhost"].includes(host)) {
    throw new ConfigError([
      `COUNTERSIGN_TLS_CERT_FILE: is required to listen on ${host}: tokens must not cross a network in the clear (COUNTERSIGN_PLAINTEXT=true if something in front adds TLS)`,
    ]);
  }
  return undefined;
}

function readPem(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError([`${variable}: ${String(error)}`]);
  }
}
