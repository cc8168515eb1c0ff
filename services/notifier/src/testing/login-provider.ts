import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { exportJWK, generateKeyPair } from "jose";
import { Provider } from "oidc-provider";

export const LOGIN_CLIENT = { id: "countersign-page", secret: "secret-of-the-page" };

/** Who is at the browser, and what the provider says of them. */
export type Account = { readonly id: string; readonly claims: Readonly<Record<string, unknown>>; readonly amr?: readonly string[] };

/** A certified OpenID provider that lets whoever is at the browser in without asking, as single sign-on does. */
export async function startLoginProvider(redirectOf: (issuer: string) => string) {
  let handle: RequestListener = () => {};
  let account: Account = { id: "ada", claims: {} };
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...(await exportJWK(privateKey)), kid: "k1", alg: "ES256", use: "sig" }] },
    clients: [
      {
        client_id: LOGIN_CLIENT.id,
        client_secret: LOGIN_CLIENT.secret,
        redirect_uris: [redirectOf(issuer)],
        application_type: "native",
        id_token_signed_response_alg: "ES256",
        require_auth_time: true,
      },
    ],
    cookies: { keys: ["a key of the test"] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    claims: { openid: ["sub", "tenant", "principal_type", "groups", "roles", "amr"] },
    conformIdTokenClaims: false,
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id, ...account.claims }) }),
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({
        clientId: context.oidc.client?.clientId ?? "",
        accountId: context.oidc.session?.accountId ?? "",
      });
      grant.addOIDCScope("openid");
      await grant.save();
      return grant;
    },
  });
  const answer = provider.callback();
  let signIns = 0;
  handle = (request, response) => {
    if (request.url?.startsWith("/interaction/") !== true) return void answer(request, response);
    signIns += 1;
    return void provider.interactionFinished(request, response, {
      login: { accountId: account.id, amr: [...(account.amr ?? [])] },
      consent: {},
    });
  };
  return {
    issuer,
    keysUrl: `${issuer}/jwks`,
    signIns: () => signIns,
    /** From now on somebody else is at the browser, or says more. */
    become: (next: Account) => {
      account = next;
    },
    close: () => closed(server),
  };
}

/** An issuer that lets nobody in, and keeps what its token endpoint is handed. */
export async function startGreedyIssuer() {
  const handed: string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const json = (body: object): void => void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.url?.startsWith("/.well-known/") === true)
      return json({ issuer, authorization_endpoint: `${issuer}/auth`, token_endpoint: `${issuer}/token`, jwks_uri: `${issuer}/jwks` });
    if (request.method === "POST") handed.push(await text(request));
    json({});
  };
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { issuer, handed, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
