import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";

/** PEM. */
export type TlsFiles = {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Whose certificates callers may present. Absent: none is asked for. */
  readonly clientCa?: readonly Buffer[] | undefined;
  /** Callers without a certificate that one of `clientCa` signed are turned away. Otherwise theirs just counts for nothing. */
  readonly requireClientCert?: boolean;
};

/** TLS of a server whose certificate can be renewed while it runs. */
export class RenewableCredentials extends ServerCredentials {
  /** @throws when certificate and key do not fit together. */
  constructor(tls: TlsFiles) {
    const asks = tls.clientCa !== undefined;
    super({ requestCert: asks, rejectUnauthorized: asks && tls.requireClientCert === true }, contextOf(tls));
  }

  /** For connections from now on. Whether certificates are asked for stays as it was. @throws as above, and then nothing has changed. */
  renew(tls: TlsFiles): void {
    this.updateSecureContextOptions(contextOf(tls));
  }

  _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf({ cert, key, clientCa }: TlsFiles): SecureContextOptions {
  const options: SecureContextOptions = {
    cert,
    key,
    minVersion: "TLSv1.2",
    // A bundle may hold authorities that others signed.
    ...(clientCa === undefined ? {} : { ca: [...clientCa], allowPartialTrustChain: true }),
  };
  createSecureContext(options);
  return options;
}
