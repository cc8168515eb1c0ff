/** What secrets look like. A net under everything that must not be logged in the first place. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // JSON Web Tokens: sessions, grants, assertions.
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, "[token]"],
  [/\b(bearer|basic) +[\w.~+/=-]{8,}/gi, "$1 [token]"],
  // Passwords in URLs.
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:@/"\\]*):[^\s@"\\]+@/gi, "$1:[secret]@"],
  // Slack: tokens, and webhooks, whose address is the secret.
  [/\bx(?:ox[a-z]|app)-[\w-]{6,}/g, "[token]"],
  [/(hooks\.slack\.com\/)[\w/-]+/g, "$1[secret]"],
  // Private keys.
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/gs, "[key]"],
];

/** The text with what looks like a secret blanked. */
export function withoutSecrets(text: string): string {
  return SHAPES.reduce((clean, [shape, instead]) => clean.replaceAll(shape, instead), text);
}
