import { createClient, type CountersignClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer } from "@countersign/identity";
import { starterPolicy } from "@countersign/policy";

/** Publishes and activates the starter policy when the development tenant has none; a policy that is in force stays. */
export async function ensureStarterPolicy(address: string, issuer: DevelopmentIssuer): Promise<void> {
  const client = createClient({ address, token: await issuer.mint(DEVELOPMENT_PRINCIPALS["policy-admin"]) });
  try {
    if (await hasPolicy(client)) return;
    const { revision } = await client.policies.publishPolicy({ document: starterPolicy() });
    if (revision !== undefined) await client.policies.activatePolicy({ revision: revision.revision });
  } finally {
    client.close();
  }
}

async function hasPolicy(client: CountersignClient): Promise<boolean> {
  const { revisions } = await client.policies.listPolicyRevisions({});
  return revisions.some((revision) => revision.active);
}
