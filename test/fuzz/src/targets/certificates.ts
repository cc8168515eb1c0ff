import { X509Certificate } from "node:crypto";
import { testAuthority } from "@countersign/testing/certificates";
import { AuthenticationError, createAuthenticator } from "@countersign/identity";
import { must, type Target } from "../engine/target.ts";

const nobody = { issuer: "https://id.example", audience: "countersign", tenants: "*" as const };

/** Certificates of workloads (X.509-SVID), as DER. TLS has verified them before; this must hold without that. */
export const certificates: Target = {
  name: "certificates",
  kind: "bytes",
  refusals: [AuthenticationError],
  prepare: async () => {
    const { cert: ca, issue } = await testAuthority();
    const ids = ["spiffe://acme.example/ns/prod/sa/runbook", "spiffe://acme.example/ns/prod/sa/other", "spiffe://evil.example/x"];
    const issued = await Promise.all(ids.map((value) => issue({ names: [{ type: "url", value }], usage: "client" })));
    const seeds = issued.map(({ cert }) => new X509Certificate(cert).raw);
    const { authenticate } = createAuthenticator({
      issuers: [{ ...nobody, jwks: { keys: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] } }],
      trustDomains: [{ trustDomain: "acme.example", ca, workloads: [{ path: "/ns/*/sa/runbook", tenant: "acme", roles: ["requester"] }] }],
    });
    return {
      seeds,
      run: async (input) => {
        const { principal } = await authenticate("", () => input);
        must(principal.id === ids[0], "a certificate passes for a workload that it is not of");
        return principal.id;
      },
    };
  },
};
