import { randomUUID } from "node:crypto";

/** A word that is found nowhere else. */
export const secretWord = (): string => `zq${randomUUID().replaceAll("-", "")}`;

/** What only one tenant may know, in every form in which it could get out. */
export class Secrets {
  readonly #forms = new Map<string, readonly Buffer[]>();

  /** A word of its own. */
  word(what: string): string {
    const word = secretWord();
    this.add(what, word);
    return word;
  }

  add(what: string, secret: string | Uint8Array): void {
    if (secret.length < 16) throw new Error(`${what} is found by accident: it is too short`);
    this.#forms.set(`${what} ${typeof secret === "string" ? secret : Buffer.from(secret).toString("hex")}`, formsOf(secret));
  }

  /** Every UUID in a text. */
  addIds(what: string, text: string): void {
    for (const [id] of text.matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g)) this.add(what, id);
  }

  /** Which of them are in what was told, other than those that were said first. */
  foundIn(told: Uint8Array, said: Uint8Array = new Uint8Array()): readonly string[] {
    const [answer, question] = [Buffer.from(told), Buffer.from(said)];
    const isTold = (forms: readonly Buffer[]): boolean =>
      forms.some((form) => answer.includes(form)) && !forms.some((form) => question.includes(form));
    return [...this.#forms].filter(([, forms]) => isTold(forms)).map(([what]) => what);
  }
}

function formsOf(secret: string | Uint8Array): readonly Buffer[] {
  const isId = typeof secret === "string" && /^[0-9a-f-]{36}$/.test(secret);
  const raw = isId ? Buffer.from(secret.replaceAll("-", ""), "hex") : Buffer.from(secret);
  // Base64 of what it is in the middle of begins at any of three places.
  const inBase64 = [0, 1, 2].map((skip) => raw.subarray(skip, skip + 12).toString("base64"));
  const texts = [raw.toString("hex"), ...inBase64, ...(isId ? [secret] : [])];
  return [raw, ...texts.map((text) => Buffer.from(text))];
}
