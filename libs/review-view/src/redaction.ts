/** How the names of members end whose values are secrets. `secret_name` or `token_id` only name one: a reviewer has to see which. */
const SECRET_NAME =
  /(passw(or)?d|passphrase|secret|credential|(private|api|access|auth|signing)_?key|authorization|token|cookie)s?(_value)?$|^pin$/;

/** What every such name has in it, in lower case: few names do. */
const SECRET_WORD = /passw|passphrase|secret|credential|key|authorization|token|cookie|pin/;

/** What may stand between two lines of a key: also as it is written in JSON, however often that is quoted again, in a list of lines, a diff or a comment. */
const GAP = String.raw`(?:[\s"',>|#*-]|\\+[nrt\s"'])`;

/**
 * Secrets by their form: private keys with their lines, JWTs, tokens with the prefixes that issuers give them so that scanners find them, what stands beside an AWS
 * key id without a form of its own, and passwords in URLs, behind group 1. No more than the secret itself: whoever adds one to a command must not hide the command.
 */
const SECRET_FORM = new RegExp(
  [
    String.raw`-----BEGIN [A-Z ]*PRIVATE KEY-----(?:${GAP}+(?:Proc-Type|DEK-Info): [\w,-]+)*(?:${GAP}*[\w+/=]{40,})?(?:${GAP}+[\w+/=]{40,})*(?:(?:${GAP}+[\w+/=]{1,76})?${GAP}*-----END [A-Z ]*PRIVATE KEY-----)?`,
    String.raw`\beyJ[\w-]{8,512}\.[\w-]{8,}(?:\.[\w-]*){0,3}`,
    String.raw`\b(?:whsec_|sk_live_|rk_live_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abeprs]-|npm_)[\w-]{12,}[\w+/=.-]*|\b(?:AKIA|ASIA)[A-Z0-9]{12,}`,
    String.raw`(?<=(?:[sS]ecret_?[aA]ccess_?[kK]ey|SECRET_ACCESS_KEY|[sS]ession_?[tT]oken|SESSION_TOKEN)["'\\]{0,3}[\s=:]{1,8}["'\\]{0,3})[\w+/=]{40,}`,
    String.raw`\b([a-z][a-z0-9+.-]{1,15}:\/\/[^\s/:@]{0,64}:)[^\s/]{1,256}(?=@)`,
  ].join("|"),
);
const SECRET_FORMS = new RegExp(SECRET_FORM, "g");

/** What every such text has in it: few texts do, and each is looked at. */
const SECRET_SIGN = /-----BEGIN|eyJ|[a-z]_|glpat-|xox|A[KS]IA|:\/\/|cess[_kK]|CESS_|sion[_tT]|SION_/;

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
  return SECRET_SIGN.test(text) && SECRET_FORM.test(text);
}

/** The text with its keys, tokens and passwords taken out, and all that stands around them. */
export function withoutSecrets(text: string): string {
  if (!holdsSecret(text)) return text;
  return text.replaceAll(SECRET_FORMS, (found: string, before: string = "") => `${before}${withheldText(found.slice(before.length))}`);
}

/** What stands in place of a text that is not shown. */
export function withheldText(text: string): string {
  return `(secret, ${Array.from(text).length} characters, not shown)`;
}
