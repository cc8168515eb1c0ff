import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exportJWK, generateKeyPair, importJWK, SignJWT, type JWK } from "jose";
import type { IssuerInput } from "./issuer-config.ts";
import { LEDGER_OPERATOR, TENANT_ROLES } from "./roles.ts";

/** An actor in a development token, with whom it acted through. */
export type DevelopmentActor = {
  readonly sub: string;
  readonly iss?: string;
  readonly principal_type?: "human" | "agent" | "service";
  readonly act?: DevelopmentActor;
};

/** Who a development token is for. */
export type DevelopmentPrincipal = {
  readonly id: string;
  readonly type: "human" | "agent" | "service";
  readonly tenant: string;
  readonly groups?: readonly string[];
  readonly roles?: readonly string[];
  /** Id of the human who answers for it. */
  readonly owner?: string;
  readonly act?: DevelopmentActor;
  /** A human who signed in with a second factor just now. */
  readonly mfa?: boolean;
  /** Default 12 h. */
  readonly lifetimeSeconds?: number;
};

/** An issuer for a developer's own machine: it gives a token to whoever asks. Nothing wires it by itself. */
export type DevelopmentIssuer = {
  /** To be listed among an authenticator's issuers. */
  readonly issuer: IssuerInput;
  readonly mint: (principal: DevelopmentPrincipal) => Promise<string>;
};

const DEVELOPMENT_ISSUER = "urn:countersign:development";
const AUDIENCE = "countersign";
const LIFETIME_SECONDS = 43_200;
const KEY_FILE = "development-issuer.jwk";

/**
 * Makes a development issuer with an Ed25519 key: the one given, the one kept in `dir` (made there, readable by its owner only, if there
 * is none), or a new one that is forgotten with the process. Its `name` is what its tokens call their issuer.
 */
export async function createDevelopmentIssuer(
  source: { readonly dir: string } | { readonly key: JWK } | Record<string, never> = {},
  clock: () => Date = () => new Date(),
  name: string = DEVELOPMENT_ISSUER,
): Promise<DevelopmentIssuer> {
  const key = await keyFrom(source);
  const privateKey = await importJWK(key, "EdDSA");
  const { d: _private, ...publicKey } = key;
  return {
    issuer: {
      issuer: name,
      audience: AUDIENCE,
      jwks: { keys: [{ ...publicKey, kty: "OKP" }] },
      algorithms: ["EdDSA"],
      tenants: "*",
      ownerIssuer: name,
      mayGive: [...TENANT_ROLES, LEDGER_OPERATOR],
      signIn: { amr: ["mfa"], maxAge: LIFETIME_SECONDS * 1000 },
    },
    mint: (principal) => {
      const { id, type, mfa = false, lifetimeSeconds = LIFETIME_SECONDS, ...claims } = principal;
      const now = Math.floor(clock().getTime() / 1000);
      const signIn = type === "human" ? { auth_time: now, amr: mfa ? ["pwd", "mfa"] : ["pwd"] } : {};
      return new SignJWT({ ...claims, ...signIn, principal_type: type })
        .setProtectedHeader({ alg: "EdDSA", typ: "JWT" })
        .setIssuer(name)
        .setAudience(AUDIENCE)
        .setSubject(id)
        .setIssuedAt(now)
        .setExpirationTime(now + lifetimeSeconds)
        .sign(privateKey);
    },
  };
}

async function keyFrom(source: { readonly dir?: string; readonly key?: JWK }): Promise<JWK> {
  if (source.key !== undefined) return source.key;
  if (source.dir === undefined) return newKey();
  const file = join(source.dir, KEY_FILE);
  return (await readKey(file)) ?? (await writeKey(source.dir, file));
}

async function readKey(file: string): Promise<JWK | undefined> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as JWK);
}

/** A link is made whole or not at all: of two processes that start at once one makes the key and both use it. */
async function writeKey(dir: string, file: string): Promise<JWK> {
  await mkdir(dir, { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  const key = await newKey();
  await writeFile(draft, JSON.stringify(key), { mode: 0o600 });
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await unlink(draft);
  return (await readKey(file)) ?? key;
}

async function newKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("EdDSA", { extractable: true });
  return exportJWK(privateKey);
}
