import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";

/** What a channel calls an account and its workspace. */
export type AccountNames = { readonly displayName: string; readonly workspaceName: string };

const LONGEST_NAME = 200;
const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;
/** Each code is a key of its own, and seals one text. */
const NONCE = Buffer.alloc(12);

/** What stands for a code in the log. */
export function digestOf(code: string): string {
  return createHash("sha256").update(typed(code)).digest("hex");
}

/** Entries are for ever and names are not: what is encrypted with the code is gone when the code is. Base64. */
export function sealNames(code: string, { displayName, workspaceName }: AccountNames): string {
  const names = [displayName, workspaceName].map((name) => name.slice(0, LONGEST_NAME).toWellFormed());
  const cipher = createCipheriv(CIPHER, keyOf(code), NONCE, { authTagLength: TAG_BYTES });
  const sealed = Buffer.concat([cipher.update(JSON.stringify(names), "utf8"), cipher.final()]);
  return Buffer.concat([sealed, cipher.getAuthTag()]).toString("base64");
}

/** @throws Error when the code is not the one that sealed it. */
export function openNames(code: string, sealedNames: string): AccountNames {
  const sealed = Buffer.from(sealedNames, "base64");
  const decipher = createDecipheriv(CIPHER, keyOf(code), NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString("utf8");
  const [displayName = "", workspaceName = ""] = JSON.parse(text) as string[];
  return { displayName, workspaceName };
}

function keyOf(code: string): Uint8Array {
  return new Uint8Array(hkdfSync("sha256", typed(code), "", "countersign link names", 32));
}

/** Codes are copied by people: case, spaces and hyphens do not matter. */
function typed(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/g, "");
}
