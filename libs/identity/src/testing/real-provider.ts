import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { type JWKS, Provider } from "oidc-provider";

const AUDIENCE = "urn:acme:countersign";
const nothing = async (): Promise<undefined> => {};

/** A certified OpenID provider on a loopback port, with one client that asks for tokens of its own. */
export type RealProvider = {
  readonly issuer: string;
  readonly audience: string;
  readonly keysUrl: string;
  /** How often its keys were asked for. */
  readonly fetches: () => number;
  /** While set, its keys cannot be read. */
  readonly breakKeys: (broken: boolean) => void;
  /** Another signing key; the old one is withdrawn. */
  readonly rotate: () => Promise<void>;
  /** What a token for this resource says beside the standard claims. */
  readonly say: (claims: Readonly<Record<string, unknown>>) => void;
  /** How long its tokens live; 300 s until then. */
  readonly lifetime: (seconds: number) => void;
  /** By client credentials at the token endpoint (RFC 6749, 4.4; RFC 8707 for the audience). */
  readonly serviceToken: (resource?: string) => Promise<string>;
  /** An access token of a person's session. */
  readonly personToken: (accountId: string) => Promise<string>;
  readonly publicKey: () => JWK;
  readonly close: () => Promise<void>;
};

export async function startRealProvider(): Promise<RealProvider> {
  let handle: RequestListener = () => {};
  let fetches = 0;
  let broken = false;
  let claims: Readonly<Record<string, unknown>> = {};
  let seconds = 300;
  const server = createServer((request, response) => {
    if (request.url !== "/jwks") return handle(request, response);
    fetches += 1;
    if (!broken) return handle(request, response);
    response.statusCode = 503;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  let provider: Provider;
  let publicKey: JWK = {};
  const rotate = async (): Promise<void> => {
    const keys = await generateKeyPair("ES256", { extractable: true });
    const kid = crypto.randomUUID();
    publicKey = { ...(await exportJWK(keys.publicKey)), kid };
    provider = createProvider(issuer, { keys: [{ ...(await exportJWK(keys.privateKey)), kid, alg: "ES256", use: "sig" }] }, () => ({
      claims,
      seconds,
    }));
    const answer = provider.callback();
    handle = (request, response) => void answer(request, response);
  };
  await rotate();

  return {
    issuer,
    audience: AUDIENCE,
    keysUrl: `${issuer}/jwks`,
    fetches: () => fetches,
    breakKeys: (value) => {
      broken = value;
    },
    rotate,
    say: (value) => {
      claims = value;
    },
    lifetime: (value) => {
      seconds = value;
    },
    serviceToken: (resource = AUDIENCE) => askForToken(issuer, resource),
    personToken: (accountId) => tokenOfSession(provider, accountId, seconds),
    publicKey: () => publicKey,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function askForToken(issuer: string, resource: string): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: "POST",
    headers: { authorization: `Basic ${Buffer.from("runbook:secret-of-the-runbook").toString("base64")}` },
    body: new URLSearchParams({ grant_type: "client_credentials", resource }),
  });
  const { access_token: token } = (await response.json()) as { readonly access_token?: string };
  if (token === undefined) throw new Error(`no token: ${response.status}`);
  return token;
}

async function tokenOfSession(provider: Provider, accountId: string, seconds: number): Promise<string> {
  const client = await provider.Client.find("runbook");
  if (client === undefined) throw new Error("the client is gone");
  const token = new provider.AccessToken({ accountId, client, grantId: "session", gty: "authorization_code", scope: "" });
  token.resourceServer = new provider.ResourceServer(AUDIENCE, resourceServer(AUDIENCE, seconds));
  return token.save();
}

function createProvider(
  issuer: string,
  jwks: JWKS,
  say: () => { readonly claims: Readonly<Record<string, unknown>>; readonly seconds: number },
): Provider {
  return new Provider(issuer, {
    jwks,
    // Nothing is kept: its clients are given and its access tokens are JWTs.
    adapter: () => ({
      upsert: nothing,
      find: nothing,
      findByUid: nothing,
      findByUserCode: nothing,
      consume: nothing,
      destroy: nothing,
      revokeByGrantId: nothing,
    }),
    ttl: { AccessToken: () => say().seconds, ClientCredentials: () => say().seconds },
    clients: [
      {
        client_id: "runbook",
        client_secret: "secret-of-the-runbook",
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: "ES256",
      },
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: true, getResourceServerInfo: (_context, resource) => resourceServer(resource, say().seconds) },
    },
    extraTokenClaims: () => ({ ...say().claims }),
  });
}

function resourceServer(audience: string, accessTokenTTL: number) {
  return { scope: "", audience, accessTokenFormat: "jwt" as const, accessTokenTTL, jwt: { sign: { alg: "ES256" as const } } };
}
