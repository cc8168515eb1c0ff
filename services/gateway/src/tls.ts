import { isDeepStrictEqual } from "node:util";
import { ConfigError, readSettingFile } from "@countersign/config";
import type { TlsFiles } from "@countersign/grpc-kit";
import type { TrustDomain } from "@countersign/identity";
import type { Logger } from "@countersign/telemetry";

type Settings = {
  readonly host: string;
  readonly plaintext: boolean;
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
  readonly tlsClientCaFile?: string | undefined;
};

/** What says who is at the other end of a connection. */
export type Trust = TlsFiles & { readonly trustDomains: readonly TrustDomain[] };

/** TLS of the front door, and how to read it again after its files were renewed. */
export type TlsSettings = Trust & { readonly read: () => Trust };

/** @throws ConfigError when something is missing or cannot be read, or when tokens would cross a network in the clear. */
export function readTls(settings: Settings, readDomains: () => readonly TrustDomain[]): TlsSettings | undefined {
  const { host, plaintext, tlsCertFile, tlsKeyFile, tlsClientCaFile } = settings;
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) {
    const read = (): Trust => {
      const trustDomains = readDomains();
      const authorities = trustDomains.map(({ ca }) => ca);
      const clientCa =
        tlsClientCaFile === undefined ? authorities : [readSettingFile("COUNTERSIGN_TLS_CLIENT_CA_FILE", tlsClientCaFile), ...authorities];
      return {
        cert: readSettingFile("COUNTERSIGN_TLS_CERT_FILE", tlsCertFile),
        key: readSettingFile("COUNTERSIGN_TLS_KEY_FILE", tlsKeyFile),
        clientCa: clientCa.length === 0 ? undefined : clientCa,
        requireClientCert: tlsClientCaFile !== undefined,
        trustDomains,
      };
    };
    return { ...read(), read };
  }
  if (tlsCertFile !== undefined || tlsKeyFile !== undefined || tlsClientCaFile !== undefined || readDomains().length > 0) {
    throw new ConfigError(["COUNTERSIGN_TLS_CERT_FILE, COUNTERSIGN_TLS_KEY_FILE: set both of them"]);
  }
  if (!plaintext && !["127.0.0.1", "::1", "localhost"].includes(host)) {
    throw new ConfigError([
      `COUNTERSIGN_TLS_CERT_FILE: is required to listen on ${host}: tokens must not cross a network in the clear (COUNTERSIGN_PLAINTEXT=true if something in front adds TLS)`,
    ]);
  }
  return undefined;
}

/** Looks at the files again and again, and says what they hold now. What cannot be used is told to the log, and what was there before stays. */
export function renewTls(tls: TlsSettings, everyMs: number, logger: Logger, use: (trust: Trust) => void): () => void {
  const { read, ...atStart } = tls;
  let current: Trust = atStart;
  const timer = setInterval(() => {
    try {
      const found = read();
      if (isDeepStrictEqual(found, current)) return;
      use(found);
      current = found;
      logger.info({}, "renewed TLS files are in use");
    } catch (error) {
      logger.error({ err: error }, "the TLS files cannot be renewed; those before stay in use");
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
