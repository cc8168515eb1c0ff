import { readFileSync } from "node:fs";
import { ConfigError } from "@countersign/config";
import type { RunningRpcServer, TlsFiles } from "@countersign/grpc-kit";
import type { TrustDomain } from "@countersign/identity";
import type { Logger } from "@countersign/telemetry";

type Settings = {
  readonly host: string;
  readonly plaintext: boolean;
  readonly tlsCertFile?: string | undefined;
  readonly tlsKeyFile?: string | undefined;
  readonly tlsClientCaFile?: string | undefined;
};

/** TLS of the front door, and how to read it again after its files were renewed. */
export type TlsSettings = TlsFiles & { readonly read: () => TlsFiles };

/** @throws ConfigError when something is missing or cannot be read, or when tokens would cross a network in the clear. */
export function readTls(settings: Settings, trustDomains: readonly TrustDomain[]): TlsSettings | undefined {
  const { host, plaintext, tlsCertFile, tlsKeyFile, tlsClientCaFile } = settings;
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) {
    const authorities = trustDomains.map(({ ca }) => ca);
    const read = (): TlsFiles => {
      const clientCa =
        tlsClientCaFile === undefined ? authorities : [readPem("COUNTERSIGN_TLS_CLIENT_CA_FILE", tlsClientCaFile), ...authorities];
      return {
        cert: readPem("COUNTERSIGN_TLS_CERT_FILE", tlsCertFile),
        key: readPem("COUNTERSIGN_TLS_KEY_FILE", tlsKeyFile),
        clientCa: clientCa.length === 0 ? undefined : clientCa,
        requireClientCert: tlsClientCaFile !== undefined,
      };
    };
    return { ...read(), read };
  }
  if (tlsCertFile !== undefined || tlsKeyFile !== undefined || tlsClientCaFile !== undefined || trustDomains.length > 0) {
    throw new ConfigError(["COUNTERSIGN_TLS_CERT_FILE, COUNTERSIGN_TLS_KEY_FILE: set both of them"]);
  }
  if (!plaintext && !["127.0.0.1", "::1", "localhost"].includes(host)) {
    throw new ConfigError([
      `COUNTERSIGN_TLS_CERT_FILE: is required to listen on ${host}: tokens must not cross a network in the clear (COUNTERSIGN_PLAINTEXT=true if something in front adds TLS)`,
    ]);
  }
  return undefined;
}

/** Looks at the files again and again. A certificate that cannot be used is told to the log, and the one before stays. */
export function renewTls(server: RunningRpcServer, tls: TlsSettings, everyMs: number, logger: Logger): () => void {
  let current: TlsFiles = tls;
  const timer = setInterval(() => {
    try {
      const found = tls.read();
      if (sameFiles(found, current)) return;
      server.renewTls(found);
      current = found;
      logger.info({}, "a renewed TLS certificate is in use");
    } catch (error) {
      logger.error({ err: error }, "the TLS certificate cannot be renewed; the one before stays in use");
    }
  }, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}

function sameFiles(one: TlsFiles, other: TlsFiles): boolean {
  const parts = ({ cert, key, clientCa = [] }: TlsFiles): Buffer => Buffer.concat([cert, key, ...clientCa]);
  return parts(one).equals(parts(other));
}

function readPem(variable: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new ConfigError([`${variable}: ${String(error)}`]);
  }
}
