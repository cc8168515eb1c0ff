import { whoSignedIn, type IssuerConfig } from "@countersign/identity";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import * as oidc from "openid-client";
import type { SignInConfig } from "../../page-file.ts";

/** What has to come back with the answer of an issuer. It stays with the browser, sealed. */
export type Attempt = {
  readonly tenant: string;
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly link: string;
};

/** Sign-in at the issuer of one tenant: OpenID Connect, authorization code with PKCE. */
export type SignIn = {
  /** The paths at which answers of issuers arrive. */
  readonly paths: readonly string[];
  /** Where the browser goes. `strong`: with a second factor, asked anew. */
  begin(tenant: string, link: string, strong: boolean): Promise<{ readonly url: string; readonly attempt: Attempt }>;
  /** The ID token, verified, with the answer's state, nonce and verifier checked. @throws Error when anything of it is wrong. */
  end(attempt: Attempt, answer: URL): Promise<string>;
  /** Who an ID token is about, now; undefined: nobody any more. */
  whoIs(tenant: string, idToken: string): Promise<Principal | undefined>;
};

const TIMEOUT_S = 10;

/**
 * Where an issuer sends people back to: an address of its own (RFC 9700, 4.4.2). With one for all, an issuer that is asked for its own tenant could send
 * a person on to another tenant's issuer, and would be handed that issuer's answer.
 */
export function signedInUrl(base: string, issuer: string): URL {
  return new URL(`${base}/signed-in/${issuer.replace(/^https?:\/\//, "")}`);
}

/** Whoever signs in here is the same principal as with a token of the same issuer at the front door: one mapping of claims for both. */
export function signIn(clients: readonly SignInConfig[], issuers: readonly IssuerConfig[], base: string, clock: () => Date): SignIn {
  const providers = clients.map(provider);
  const verified = whoSignedIn(issuers, clock);
  const of = (tenant: string): Provider => {
    const found = providers.find(({ client }) => client.tenants.includes(tenant));
    if (found === undefined) throw new Error("nobody signs in for this tenant");
    return found;
  };
  return {
    paths: clients.map(({ issuer }) => signedInUrl(base, issuer).pathname),
    begin: async (tenant, link, strong) => {
      const { client, configuration } = of(tenant);
      const [state, nonce, verifier] = [oidc.randomState(), oidc.randomNonce(), oidc.randomPKCECodeVerifier()];
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: signedInUrl(base, client.issuer).href,
        scope: client.scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: "S256",
        ...(strong
          ? { prompt: "login", max_age: "0", ...(client.step_up_acr === undefined ? {} : { acr_values: client.step_up_acr }) }
          : {}),
      });
      return { url: url.href, attempt: { tenant, state, nonce, verifier, link } };
    },
    end: async ({ tenant, state, nonce, verifier }, answer) => {
      const { client, configuration } = of(tenant);
      // P8: before the code in it goes anywhere.
      if (answer.pathname !== signedInUrl(base, client.issuer).pathname) throw new Error("the answer is another issuer's");
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true };
      const tokens = await oidc.authorizationCodeGrant(await configuration(), answer, checks);
      if (tokens.id_token === undefined) throw new Error("the issuer gave no ID token");
      return tokens.id_token;
    },
    whoIs: (tenant, idToken) => verified(tenant, idToken).catch(() => undefined),
  };
}

type Provider = ReturnType<typeof provider>;

function provider(client: SignInConfig) {
  let found: Promise<oidc.Configuration> | undefined;
  return {
    client,
    /** Asked once; again after a failure. */
    configuration: (): Promise<oidc.Configuration> => {
      found ??= discover(client).catch((error: unknown) => {
        found = undefined;
        throw error;
      });
      return found;
    },
  };
}

function discover({ issuer, client_id: id, client_secret: secret }: SignInConfig): Promise<oidc.Configuration> {
  const authentication = secret === undefined ? oidc.None() : oidc.ClientSecretBasic(secret);
  // Settings allow http for loopback addresses only; the mark on this one is a warning to others.
  // oxlint-disable-next-line typescript/no-deprecated
  const execute = issuer.startsWith("http://") ? [oidc.allowInsecureRequests] : [];
  return oidc.discovery(new URL(issuer), id, undefined, authentication, { execute, timeout: TIMEOUT_S });
}
