import { createClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer } from "@countersign/identity";

/** Puts the policy of these runs in force. */
export async function putPolicyInForce(address: string, issuer: DevelopmentIssuer): Promise<void> {
  const client = createClient({ address, token: await issuer.mint(DEVELOPMENT_PRINCIPALS["policy-admin"]) });
  try {
    const { revision } = await client.policies.publishPolicy({ document: POLICY });
    if (revision === undefined) throw new Error("the policy was published without a revision");
    await client.policies.activatePolicy({ revision: revision.revision });
  } finally {
    client.close();
  }
}

/** One rule for each way that an action can go. */
const POLICY = `
apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: chaos, description: Every way that an action can go. }
binding_context: [environment]
defaults:
  grant: { lifetime: 5m }
rules:
  - { name: tags, match: { actions: [db.tag.update] }, outcome: allow, reason: harmless }
  - { name: drops, match: { actions: [db.drop] }, outcome: deny, reason: cannot be undone }
  - name: exports
    match: { actions: [db.export] }
    outcome: review
    reason: data leaves
    review:
      groups: [data-owners]
      quorum: 1
      deadline: 1h
      editable: { limit: { type: integer, minimum: 1 } }
  - name: rotations
    match: { actions: [secrets.rotate] }
    outcome: review
    reason: two of security
    review: { groups: [security], quorum: 2, deadline: 30m }
  - name: restores
    match: { actions: [db.restore] }
    outcome: review
    reason: two of the owners, or one of security in an emergency
    review: { groups: [data-owners], quorum: 2, deadline: 1h, break_glass: { groups: [security] } }
  - { name: flushes, match: { actions: [cache.flush] }, outcome: allow, reason: at once or not at all, grant: { lifetime: 3s } }
  - { name: purges, match: { actions: [queue.purge] }, outcome: review, reason: soon or never, review: { groups: [data-owners], quorum: 1, deadline: 4s } }
`;
