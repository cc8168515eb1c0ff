// Checked here, for programs without types: what is missing would only show later and as something else, or as a false report in the log.

const DIGEST_BYTES = 32;

/** @throws TypeError that names the option */
export function checkOptions({ address, token }: { readonly address: unknown; readonly token: unknown }): void {
  if (typeof address !== "string" || address === "") throw new TypeError("address must be HOST:PORT");
  if (address.includes("://")) throw new TypeError(`address must be HOST:PORT, not a URL: ${address}`);
  if (token === "" || !["string", "function"].includes(typeof token))
    throw new TypeError("token must be a bearer token, or a function that returns one");
}

/** The token that a function gave. @throws TypeError when it is none: it would be sent as `Bearer undefined` */
export function checkedToken(token: unknown): string {
  if (typeof token !== "string" || token === "") throw new TypeError("token must return a bearer token, and returned none");
  return token;
}

/** 24 days: near 25 the timers of Node.js and of gRPC on both sides overflow, and end the call at once. */
const MAX_TIMEOUT_MS = 24 * 86_400_000;

/** @throws TypeError: what is no number ends in a timer of gRPC, where nobody can catch it */
export function checkTimeout(timeoutMs: unknown): void {
  if (typeof timeoutMs !== "number" || Number.isNaN(timeoutMs)) throw new TypeError("timeoutMs must be a number of milliseconds");
  if (timeoutMs > MAX_TIMEOUT_MS) throw new TypeError(`timeoutMs must be at most ${MAX_TIMEOUT_MS.toLocaleString("en")}, which is 24 days`);
}

const MAX_WAIT_MS = 300_000;

/** @throws TypeError */
export function checkWait(waitMs: unknown): void {
  if (typeof waitMs !== "number" || !(waitMs >= 0 && waitMs <= MAX_WAIT_MS))
    throw new TypeError(`waitMs must be 0 to ${MAX_WAIT_MS.toLocaleString("en")}; for longer there is requestAndWatch`);
}

/** @throws TypeError */
export function checkActionId(actionId: unknown): void {
  if (typeof actionId !== "string" || actionId === "") throw new TypeError("actionId must be the id of an action");
}

/** @throws TypeError */
export function checkGrantToken(grantToken: unknown): void {
  if (typeof grantToken !== "string" || grantToken === "")
    throw new TypeError("grantToken must be the token of a grant: there is one only while an action is approved");
}

/** @throws TypeError */
export function checkDigest(digest: unknown): void {
  if (!(digest instanceof Uint8Array) || digest.byteLength !== DIGEST_BYTES)
    throw new TypeError(`digest must be the ${DIGEST_BYTES} bytes that digestOf gives`);
}

/** @throws TypeError: whatever is no success would be recorded as a failure, for ever */
export function checkReport(report: { readonly outcome: string } | undefined): void {
  const outcome = report?.outcome;
  if (outcome !== "succeeded" && outcome !== "failed") throw new TypeError('report.outcome must be "succeeded" or "failed"');
}
