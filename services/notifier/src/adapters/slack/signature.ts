import { createHmac, timingSafeEqual } from "node:crypto";

/** Seconds that a request may be away from now, in either direction. */
const SKEW = 300;

/**
 * Checks Slack's request signature, version v0, over the raw body. A request inside of the window can still be played again: whoever calls this keeps the
 * signatures it has seen.
 */
export function isSlackSignature(
  secret: string,
  timestamp: string | undefined,
  signature: string | undefined,
  body: Uint8Array,
  now: Date,
): boolean {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now.getTime() / 1000 - Number(timestamp)) > SKEW) return false;
  const given = Buffer.from(signature);
  const wanted = Buffer.from(slackSignature(secret, timestamp, body));
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** `v0=` and the hex HMAC-SHA256 of `v0:<timestamp>:<body>`. */
export function slackSignature(secret: string, timestamp: string, body: Uint8Array): string {
  return `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:`).update(body).digest("hex")}`;
}
