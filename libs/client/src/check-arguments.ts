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
