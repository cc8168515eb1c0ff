import { createHash, generateKeyPairSync, randomUUID, sign, verify } from "node:crypto";

/** What a caller asks for: the same input that Countersign is asked about. */
export type Asked = {
  readonly subject: { readonly type: string; readonly id: string };
  readonly action: { readonly name: string; readonly properties: Readonly<Record<string, unknown>> };
  readonly resource: { readonly type: string; readonly id: string };
  readonly context: Readonly<Record<string, unknown>>;
};

export type Outcome = "allow" | "review" | "deny";

/** Two rules, as a day's work would have them: tag changes are harmless, a person decides about exports. */
export function ruleFor(asked: Asked): Outcome {
  const { name, properties } = asked.action;
  if (name.startsWith("db.tag.")) return typeof properties["rows"] === "number" && properties["rows"] >= 1000 ? "review" : "allow";
  return name === "db.export" && asked.context["environment"] === "production" ? "review" : "deny";
}

const { privateKey, publicKey } = generateKeyPairSync("ed25519");

/** A signed right to run the action once. */
export function mintToken(actionId: string, asked: Asked): string {
  const digest = createHash("sha256").update(JSON.stringify(asked)).digest("base64url");
  const claims = Buffer.from(JSON.stringify({ jti: randomUUID(), sub: actionId, digest, exp: Math.floor(Date.now() / 1000) + 300 }));
  return `${claims.toString("base64url")}.${sign(null, claims, privateKey).toString("base64url")}`;
}

/** The claims of a good token; throws when it is forged or too old. */
export function openToken(token: string): { readonly jti: string; readonly sub: string } {
  const [claims = "", signature = ""] = token.split(".");
  const bytes = Buffer.from(claims, "base64url");
  if (!verify(null, bytes, publicKey, Buffer.from(signature, "base64url"))) throw new Error("forged");
  const opened = JSON.parse(bytes.toString()) as { readonly jti: string; readonly sub: string; readonly exp: number };
  if (opened.exp * 1000 < Date.now()) throw new Error("expired");
  return opened;
}

/** Tells the bench that the peer takes calls, and ends it when the bench goes away. */
export function announce(address: string): void {
  process.stdout.write(`ready ${address}\n`);
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
  process.once("SIGTERM", () => process.exit(0));
}
