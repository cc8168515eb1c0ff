import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { AuthenticationError, createAuthenticator, type Authenticator, type IssuerInput } from "@countersign/identity";
import { json, jsonOf, must, textOf, texts, type Target } from "../engine/target.ts";

const NOW = Date.UTC(2026, 2, 1);
const SECONDS = NOW / 1000;
const { privateKey } = generateKeyPairSync("ed25519");
const { x = "" } = createPublicKey(privateKey).export({ format: "jwk" });

const issuer: IssuerInput = {
  issuer: "https://id.example",
  audience: "countersign",
  jwks: { keys: [{ kty: "OKP", crv: "Ed25519", x, kid: "1", alg: "EdDSA" }] },
  tenants: { acme: "acme", other: "globex" },
  actorIssuers: ["https://agents.example"],
  subjectIssuers: ["https://agents.example"],
  claims: { groups: ["realm", "groups"] },
  defaultType: "human",
  roles: { approvers: ["reviewer"] },
  signIn: { acr: ["mfa"], amr: [["pwd", "otp"]] },
};

const header = { alg: "EdDSA", typ: "JWT", kid: "1" };
const claims = {
  iss: "https://id.example",
  aud: "countersign",
  sub: "alice",
  iat: SECONDS,
  exp: SECONDS + 600,
  auth_time: SECONDS,
  acr: "mfa",
  amr: ["pwd", "otp"],
  tenant: "acme",
  principal_type: "human",
  realm: { groups: ["sre"] },
  roles: ["approvers"],
  owner: "bob",
  cnf: { "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" },
};
const agent = {
  ...claims,
  cnf: undefined,
  principal_type: "agent",
  sub_id: { format: "iss_sub", iss: "https://agents.example", sub: "alice" },
  act: { sub: "runner", iss: "https://agents.example", act: { sub: "scheduler", act: { sub: "cron", principal_type: "service" } } },
};

const part = (value: unknown): string => Buffer.from(JSON.stringify(value) ?? "null").toString("base64url");

function signed(head: unknown, body: unknown): string {
  const text = `${part(head)}.${part(body)}`;
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString("base64url")}`;
}

/** A signature has more than one spelling in base64url; what is signed has one. */
function meant(token: string): string {
  const [head, body, signature = ""] = token.split(".");
  return `${head}.${body}.${Buffer.from(signature, "base64url").toString("hex")}`;
}

const ISSUERS: ReadonlySet<string> = new Set(["https://id.example", "https://agents.example"]);

const open = (): Authenticator => createAuthenticator({ issuers: [issuer], clock: () => new Date(NOW) });

const words = ["iss", "aud", "sub", "act", "exp", "iat", "tenant", "groups", "realm", "may_act", "https://agents.example", "none", "HS256"];

/** Whatever stands behind `Bearer`. */
export const tokens: Target = {
  name: "tokens",
  kind: "text",
  refusals: [AuthenticationError],
  words: [...words.map(part), ".", "..", "eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9"],
  prepare: () => {
    const authenticator = open();
    const seeds = texts(signed(header, { ...claims, cnf: undefined }), signed(header, agent));
    const valid = new Set(seeds.map((seed) => meant(textOf(seed))));
    return {
      seeds,
      run: async (input) => {
        const token = textOf(input);
        await authenticator.authenticate(token);
        must(valid.has(meant(token)), "a token was accepted that nobody signed");
      },
    };
  },
};

/** Claims that an issuer of ours has really signed: it may be wrong, or broken into. */
export const claimsOfTokens: Target = {
  name: "claims",
  kind: "json",
  refusals: [AuthenticationError],
  words,
  prepare: () => {
    const authenticator = open();
    return {
      seeds: json([header, claims], [header, agent], [{ alg: "EdDSA" }, { ...agent, act: { sub: "x" } }]),
      run: async (input) => {
        const given = jsonOf(input);
        const [head, body] = Array.isArray(given) ? (given as unknown[]) : [header, given];
        const token = attempt(() => signed(head, body));
        if (token === undefined) return undefined;
        const { principal, expiresAt } = await authenticator.authenticate(token);
        must(["acme", "globex"].includes(principal.tenant), "a principal has a tenant that its issuer may not speak for");
        must(principal.id !== "" && ISSUERS.has(principal.issuer), "a principal is nobody");
        must(!Number.isNaN(expiresAt.getTime()), "a principal is accepted until no moment at all");
        return JSON.stringify(principal, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
      },
    };
  },
};

/** Undefined where JSON of it would be deeper than the stack: no issuer can write that either. */
function attempt(write: () => string): string | undefined {
  try {
    return write();
  } catch {
    return undefined;
  }
}
