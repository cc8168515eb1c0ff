/** How the names of members end whose values are secrets. `secret_name` or `token_id` only name one: a reviewer has to see which. */
const SECRET_NAME =
  /(passw(or)?d|passphrase|secret|credential|(private|api|access|auth|signing)_?key|authorization|token|cookie)s?(_value)?$|^pin$/;

/** What every such name has in it, in lower case: few names do. */
const SECRET_WORD = /passw|passphrase|secret|credential|key|authorization|token|cookie|pin/;

/** Values that are secrets by their form: private keys, JWTs, and the prefixes that issuers give their tokens so that scanners find them. */
const SECRET_FORM =
  /-----BEGIN [A-Z ]*PRIVATE KEY-----|\beyJ[\w-]{8,512}\.[\w-]{8,}|\b(whsec_|sk_live_|rk_live_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abeprs]-|npm_|AKIA|ASIA)[\w-]{12,}|\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s/:@]{0,64}:[^\s/@]{1,256}@/;

/** True for members such as `password`, `dbPassword`, `API-KEY`, `refresh_token`. */
export function isSecretName(name: string): boolean {
  if (!SECRET_WORD.test(name.toLowerCase())) return false;
  return SECRET_NAME.test(
    name
      .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_")
      .toLowerCase()
      .replaceAll("-", "_"),
  );
}

/** True for texts that hold a key, a token, or a URL with a password. */
export function holdsSecret(text: string): boolean {
  return SECRET_FORM.test(text);
}

/** What stands in place of a text that is not shown. */
export function withheldText(text: string): string {
  return `(secret, ${Array.from(text).length} characters, not shown)`;
}
