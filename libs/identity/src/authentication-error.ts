/** Why a token was not accepted. `ISSUER_UNREACHABLE` is the only one that trying again can mend. */
export type AuthenticationFailure = "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" | "ISSUER_UNREACHABLE";

/** A token that was not accepted. The message is safe to show to the caller; `cause` is for the log. */
export class AuthenticationError extends Error {
  override readonly name = "AuthenticationError";
  readonly code: AuthenticationFailure;

  constructor(code: AuthenticationFailure, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}
