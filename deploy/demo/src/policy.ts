import { starterPolicy } from "@countersign/policy";

/** The starter policy and one more rule, with a deadline that a demo can wait for. */
export const demoPolicy = (): string => `${starterPolicy().trimEnd()}

  - name: campaigns are reviewed
    match:
      actions: ["mail.campaign"]
    outcome: review
    reason: Mail cannot be taken back.
    review: { groups: [data-owners], quorum: 1, deadline: 2s }
`;
