import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** PEM of a certificate and of its key. */
export type TestCertificate = { readonly cert: Buffer; readonly key: Buffer };

export type CertificateOptions = {
  /** DNS names, IP addresses and URIs of its subject alternative name. */
  readonly names: readonly { readonly type: "dns" | "ip" | "url"; readonly value: string }[];
  readonly usage?: "server" | "client";
  /** A certificate that could sign others. */
  readonly isCa?: boolean;
  /** Default: from a minute ago for an hour. */
  readonly validUntil?: Date;
};

/** A certificate authority for one test run. */
export type TestAuthority = { readonly cert: Buffer; issue(options: CertificateOptions): Promise<TestCertificate> };

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const PURPOSES = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth };

x509.cryptoProvider.set(webcrypto);

/** Makes a certificate authority whose key exists in memory only. */
export async function testAuthority(name = "test authority"): Promise<TestAuthority> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    cert: Buffer.from(authority.toString("pem")),
    issue: async ({ names, usage = "server", isCa = false, validUntil }) => {
      const own = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
      const certificate = await x509.X509CertificateGenerator.create({
        subject: "CN=test",
        issuer: authority.subject,
        publicKey: own.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(validUntil),
        extensions: [
          new x509.BasicConstraintsExtension(isCa, undefined, true),
          new x509.KeyUsagesExtension(isCa ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([PURPOSES[usage]]),
          new x509.SubjectAlternativeNameExtension([...names]),
        ],
      });
      const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", own.privateKey));
      return { cert: Buffer.from(certificate.toString("pem")), key: Buffer.from(x509.PemConverter.encode(key, "PRIVATE KEY")) };
    },
  };
}

function validity(notAfter = new Date(Date.now() + 3_600_000)): { readonly notBefore: Date; readonly notAfter: Date } {
  return { notBefore: new Date(Math.min(Date.now(), notAfter.getTime()) - 60_000), notAfter };
}
