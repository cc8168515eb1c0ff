import { hash, X509Certificate } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { PrincipalSchema, PrincipalType } from "@countersign/proto/v1/principal_pb";
import { LRUCache } from "lru-cache";
import type { Authenticated } from "./authenticated.ts";
import { AuthenticationError } from "./authentication-error.ts";
import { authoritiesOf, type TrustDomain } from "./trust-domains.ts";

/** SPIFFE-ID, sections 2.1 to 2.3: a trust domain and a path of plain segments. */
const SPIFFE_ID = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+)$/;
const MAX_ID_LENGTH = 256;

/** Says which workload a certificate is of. */
export type Workloads = {
  /**
   * Undefined when the certificate is of no workload that is listed; it may still be good for TLS alone.
   * @param certificate DER, verified by TLS: chain, purpose and times.
   * @throws AuthenticationError TOKEN_EXPIRED when the connection has outlived the certificate, TOKEN_INVALID when it is none.
   */
  identify(certificate: Uint8Array): Authenticated | undefined;
  /** From now on these trust domains count, also for certificates that were seen before. */
  renew(trustDomains: readonly TrustDomain[]): void;
};

type Domains = ReadonlyMap<string, Domain>;
type Domain = Omit<TrustDomain, "ca"> & { readonly authorities: readonly X509Certificate[] };

/** Makes the identification of workloads by SPIFFE id. Certificates are looked at once and remembered by their SHA-256. */
export function createWorkloads(trustDomains: readonly TrustDomain[], clock: () => Date): Workloads {
  let domains = domainsOf(trustDomains);
  const known = new LRUCache<string, { readonly caller: Authenticated | undefined }>({ max: 10_000 });
  return {
    identify: (certificate) => {
      const key = hash("sha256", certificate, "base64");
      let entry = known.get(key);
      if (entry === undefined) {
        entry = { caller: callerOf(read(certificate), domains) };
        known.set(key, entry);
      }
      if (entry.caller !== undefined && clock() >= entry.caller.expiresAt) {
        throw new AuthenticationError("TOKEN_EXPIRED", "the certificate has expired; connect with a new one");
      }
      return entry.caller;
    },
    renew: (renewed) => {
      domains = domainsOf(renewed);
      known.clear();
    },
  };
}

function domainsOf(trustDomains: readonly TrustDomain[]): Domains {
  return new Map(trustDomains.map(({ ca, ...domain }) => [domain.trustDomain, { ...domain, authorities: authoritiesOf(ca) }]));
}

function read(certificate: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate);
  } catch (cause) {
    throw new AuthenticationError("TOKEN_INVALID", "the certificate cannot be read", { cause });
  }
}

function callerOf(certificate: X509Certificate, domains: Domains): Authenticated | undefined {
  const [id, trustDomain = "", path = ""] = SPIFFE_ID.exec(uriOf(certificate) ?? "") ?? [];
  const domain = domains.get(trustDomain);
  // X.509-SVID, 5.2: a certificate that may sign others is nobody's identity. The authority of one domain does not speak for another.
  if (id === undefined || id.length > MAX_ID_LENGTH || certificate.ca || domain === undefined || !isSignedBy(certificate, domain)) {
    return undefined;
  }
  const workload = domain.workloads.find((each) => matches(each.path, path));
  if (workload === undefined) return undefined;
  const principal = create(PrincipalSchema, {
    tenant: workload.tenant,
    type: PrincipalType.SERVICE,
    issuer: `spiffe://${trustDomain}`,
    id,
    roles: [...workload.roles],
  });
  for (const part of [principal.groups, principal.roles, principal.chain]) Object.freeze(part);
  return { principal: Object.freeze(principal), withheldRoles: [], expiresAt: certificate.validToDate };
}

/** X.509-SVID, 2: exactly one URI. A name that Node.js had to quote could pass for several. */
function uriOf({ subjectAltName }: X509Certificate): string | undefined {
  if (subjectAltName === undefined || subjectAltName.includes('"')) return undefined;
  const uris = subjectAltName.split(", ").filter((name) => name.startsWith("URI:"));
  return uris.length === 1 ? uris[0]?.slice("URI:".length) : undefined;
}

function isSignedBy(certificate: X509Certificate, { authorities }: Domain): boolean {
  return authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));
}

function matches(pattern: string, path: string): boolean {
  const segments = path.split("/");
  const wanted = pattern.split("/");
  return wanted.length === segments.length && wanted.every((segment, index) => segment === "*" || segment === segments[index]);
}
