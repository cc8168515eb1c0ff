/** The policy of the baseline: a rule for each way that an action can go. */
export const POLICY = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: baseline }
binding_context: [environment]
defaults:
  grant: { lifetime: 1h }
rules:
  - name: tags
    match: { actions: ["db.tag.*"] }
    outcome: allow
  - name: drops
    match: { actions: [db.drop] }
    outcome: deny
    reason: Dropping cannot be undone.
  - name: exports
    match: { actions: [db.export] }
    outcome: review
    review:
      groups: [data-owners]
      deadline: 1h
      remind: [10m]
      escalate: { after: 20m, to: { groups: [security] } }
      editable: { limit: { type: integer, minimum: 1 } }
  - name: scaling waits for as long as it takes
    match: { actions: [k8s.scale] }
    outcome: review
    review: { groups: [data-owners], deadline: 30m, on_timeout: hold }
  - name: restores in two steps
    match: { actions: [db.restore] }
    outcome: review
    review:
      stages:
        - { name: owners, groups: [data-owners] }
        - { name: security, groups: [security] }
  - name: purges for two, or for one in an emergency
    match: { actions: [db.purge] }
    outcome: review
    review: { quorum: 2 of data-owners, break_glass: { groups: [security] }, editable: { limit: { type: integer, minimum: 1 } } }
`;
