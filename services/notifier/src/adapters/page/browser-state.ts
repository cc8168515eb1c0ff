import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";
import type { Attempt } from "./sign-in.ts";

/** What a browser holds between two requests, and what proves that a form was ours and its own. */
export type BrowserState = {
  sealAttempt(attempt: Attempt): Promise<string>;
  /** Undefined when it is not ours or too old. */
  openAttempt(sealed: string): Promise<Attempt | undefined>;
  /** Of one session and one link. */
  formToken(session: string, link: string): string;
  isFormToken(given: string, session: string, link: string): boolean;
};

const ATTEMPT_LIVES = "10m";

export function browserState(secret: string, clock: () => Date): BrowserState {
  const keyFor = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", `countersign ${purpose} v1`, 32));
  const [attempts, forms] = [keyFor("sign-in attempt"), keyFor("form")];
  const formToken = (session: string, link: string): string =>
    createHmac("sha256", forms)
      .update(JSON.stringify([session, link]))
      .digest("base64url");
  return {
    sealAttempt: (attempt) =>
      new EncryptJWT({ attempt })
        .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
        .setIssuedAt(clock())
        .setExpirationTime(ATTEMPT_LIVES)
        .encrypt(attempts),
    openAttempt: async (sealed) => {
      const opened = await jwtDecrypt(sealed, attempts, { currentDate: clock() }).catch(() => undefined);
      // Only we have the key, so it has the shape that we gave it.
      return opened?.payload["attempt"] as Attempt | undefined;
    },
    formToken,
    isFormToken: (given, session, link) => {
      const wanted = Buffer.from(formToken(session, link));
      const bytes = Buffer.from(given);
      return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
    },
  };
}

export function newSessionId(): string {
  return randomBytes(32).toString("base64url");
}

/** What the database knows of a session: not enough to take it over. */
export function sessionKey(id: string): string {
  return createHash("sha256").update(id).digest("hex");
}

/** The value of one cookie. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const pair = (header ?? "").split("; ").find((part) => part.startsWith(`${name}=`));
  return pair?.slice(name.length + 1);
}

/** Whose cookies they are, by its public address. */
type Site = { readonly base: string };

/** Lax: a link in a mail is to find the session. What decides needs a form token beside it. */
export function cookie(site: Site, name: string, value: string, seconds: number): string {
  return `${name}=${value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${seconds}${isSecure(site) ? "; Secure" : ""}`;
}

export const sessionCookie = (site: Site): string => `${isSecure(site) ? "__Host-" : ""}countersign`;
export const attemptCookie = (site: Site): string => `${isSecure(site) ? "__Host-" : ""}countersign-sign-in`;

function isSecure({ base }: Site): boolean {
  return base.startsWith("https://");
}
