import type { Authenticated } from "./authenticated.ts";
import { AuthenticationError } from "./authentication-error.ts";
import { thumbprintOf } from "./bound-certificate.ts";
import { tokenVerifier, type TokenOptions } from "./token-verifier.ts";
import type { TrustDomain } from "./trust-domains.ts";
import { createWorkloads } from "./workloads.ts";

/** Turns bearer tokens and certificates into principals. */
export type Authenticator = {
  /**
   * Verifies a compact JWT: a configured issuer, its key, an allowed algorithm, audience, times, and claims that say who it is. Without a
   * token, the certificate of a workload in a configured trust domain says so. With both the token says who calls, and the two must not
   * disagree: a workload brings tokens of its own tenant only, and a token that is bound to a certificate (RFC 8705) comes with that one.
   * @param certificate the one that the caller's TLS connection verified, as DER; asked for only when it matters.
   * @throws AuthenticationError whatever is wrong with it; ISSUER_UNREACHABLE when it cannot be told now.
   */
  readonly authenticate: (token: string, certificate?: () => Uint8Array | undefined) => Promise<Authenticated>;
  /**
   * Takes trust domains as they are now, in place of those before.
   * @throws Error when an authority cannot be read; those before stay.
   */
  readonly renewTrustDomains: (trustDomains: readonly TrustDomain[]) => void;
};

export type AuthenticatorOptions = TokenOptions & {
  /** Whose workloads may call with certificates, at first. Default: none. */
  readonly trustDomains?: readonly TrustDomain[];
  readonly clock?: () => Date;
};

/** Makes an authenticator. For how long tokens are remembered, see `tokenVerifier`. @throws ConfigError when there is no issuer or one is not well formed. */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const clock = options.clock ?? (() => new Date());
  const verified = tokenVerifier(options, clock);
  let { trustDomains = [] } = options;
  const workloads = createWorkloads(trustDomains, clock);
  return {
    authenticate: async (token, certificate = () => undefined) => {
      const peer = trustDomains.length === 0 ? undefined : certificate();
      const workload = peer && workloads.identify(peer);
      if (token === "") {
        if (workload !== undefined) return workload;
        throw new AuthenticationError("TOKEN_MISSING", "a bearer token is needed");
      }
      const { caller, boundTo } = await verified(token);
      if (workload !== undefined && workload.principal.tenant !== caller.principal.tenant) {
        throw new AuthenticationError("TOKEN_INVALID", "the token is of another tenant than the workload whose certificate came with it");
      }
      if (boundTo !== undefined && boundTo !== thumbprintOf(peer ?? certificate())) {
        throw new AuthenticationError("TOKEN_INVALID", "the token is bound to another certificate (cnf) than this connection's");
      }
      return caller;
    },
    renewTrustDomains: (renewed) => {
      workloads.renew(renewed);
      trustDomains = renewed;
    },
  };
}
