import { createHmac } from "node:crypto";

/** `whsec_` and the base64 of 24 to 64 random bytes. */
export function isWebhookSecret(text: string): boolean {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  if (encoded === undefined || encoded.length % 4 !== 0) return false;
  const bytes = Buffer.from(encoded, "base64").length;
  return bytes >= 24 && bytes <= 64;
}

/**
 * Headers of Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, one signature per secret so that a receiver can move from an old secret to a
 * new one. By hand over OpenSSL, and checked in tests against the reference package, which brings hashing in JavaScript and is needed for nothing else.
 */
export function signatureHeaders(secrets: readonly string[], id: string, time: Date, body: string): Record<string, string> {
  const timestamp = String(Math.floor(time.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice("whsec_".length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
