/** How the names of members end whose values are secrets. `secret_name` or `token_id` only name one: a reviewer has to see which. */
const SECRET_NAME =
  /(passw(or)?d|passphrase|secret|credential|(private|api|access|auth|signing)_?key|authorization|token|cookie)s?(_value)?$|^pin$/;

/** What every such name has in it, in lower case: few names do. */
const SECRET_WORD = /passw|passphrase|secret|credential|key|authorization|token|cookie|pin/;

/** What may stand between two lines of a key: also as it is written in JSON, however often that is quoted again, in a list of lines, a diff or a comment. */
const GAP = String.raw`(?:[\s"',>|#*-]|\\+[nrt\s"'])`;

/** A line of a key. */
const LINE = String.raw`[\w+/]{40,}={0,2}`;

/**
 * Secrets by their form: private keys with their lines (group 1), JWTs, tokens with the prefixes that issuers give them so that scanners find them, what stands beside an
 * AWS key id without a form of its own (2), and passwords in URLs, behind group 3. No more than the secret itself: whoever adds one to a command must not hide
 * the command, nor the host behind one: what ends with `?`, `#` or `\` is over before a later `@`, and a port is no password.
 */
const SECRET_FORM = new RegExp(
  [
    String.raw`(-----BEGIN [A-Z ]*PRIVATE KEY-----(?:${GAP}+(?:Proc-Type|DEK-Info): [\w,-]+)*(?:${GAP}*${LINE})?(?:${GAP}+${LINE})*(?:(?:${GAP}+[\w+/]{1,76}={0,2})?${GAP}*-----END [A-Z ]*PRIVATE KEY-----)?)`,
    String.raw`\beyJ[\w-]{8,512}\.[\w-]{8,}(?:\.[\w-]*){0,3}`,
    String.raw`\b(?:sk_live_|rk_live_|ghp_|gho_|ghs_|github_pat_|glpat-|xox[abeprs]-|npm_)[\w-]{12,}[\w.-]*|\bwhsec_[\w+/-]{12,}={0,2}|\b(?:AKIA|ASIA)[A-Z0-9]{12,}`,
    String.raw`(?<=(?:[sS]ecret_?[aA]ccess_?[kK]ey|SECRET_ACCESS_KEY|[sS]ession_?[tT]oken|SESSION_TOKEN)["'\\]{0,3}[\s=:]{1,8}["'\\]{0,3})(${LINE})`,
    String.raw`\b([a-z][a-z0-9+.-]{1,15}:\/\/[^\s/:@]{0,64}:)(?!\d*[?#\\;,&])[^\s/@]{1,256}(?:@[^\s/@?#\\]{0,256}){0,8}(?=@)`,
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
  return text.replaceAll(SECRET_FORMS, (found: string, key?: string, awsKey?: string, beforePassword?: string) => {
    if (beforePassword !== undefined) return beforePassword + withheldPassword(found.slice(beforePassword.length));
    return key === undefined && awsKey === undefined ? withheldText(found) : withheldKey(found);
  });
}

/** Words among the lines of a key that are none of its own stay, with what separates them: `/////bin/rm` is long enough for a line. */
function withheldKey(key: string): string {
  let [text, from, to] = ["", 0, 0];
  for (const { 0: word, index } of key.matchAll(/-----[A-Z ]+-----|[\w+/]{4,}={0,2}/g)) {
    if (!isOfKey(word)) {
      text += withheldLines(key.slice(from, to)) + key.slice(to, index) + word;
      from = index + word.length;
    } else if (from === to) {
      text += key.slice(from, index);
      from = index;
    }
    to = index + word.length;
  }
  return text + withheldLines(key.slice(from));
}

function withheldLines(lines: string): string {
  return lines === "" ? "" : withheldText(lines);
}

/** Random text has capitals, the more the longer it is; commands and paths have hardly any. */
function isOfKey(word: string): boolean {
  if (/^[\da-f]+$/i.test(word) || word.endsWith("=")) return true;
  if (word.length < 40 && !word.includes("/")) return /[A-Z\d+]/.test(word);
  return new Set(word.match(/[A-Z]/g)).size >= Math.min(4, Math.ceil(word.length / 12));
}

/** A shell that it reaches would not take it for a password. */
function withheldPassword(password: string): string {
  return /[;|&$`()<>'"{}]/.test(password) ? withheldText(password, " with shell syntax") : withheldText(password);
}

/** What stands in place of a text that is not shown. */
export function withheldText(text: string, note = ""): string {
  return `(secret, ${Array.from(text).length} characters${note}, not shown)`;
}
