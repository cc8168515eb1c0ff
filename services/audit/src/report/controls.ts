import type { KindName } from "./kinds.ts";

/** A control, and the kinds of events that are evidence for it. */
export type Control = {
  readonly framework: "SOC 2" | "NIST 800-53";
  readonly control: string;
  readonly title: string;
  readonly how: string;
  readonly kinds: readonly KindName[];
};

const soc2 = (control: string, title: string, how: string, ...kinds: readonly KindName[]): Control => ({
  framework: "SOC 2",
  control,
  title,
  how,
  kinds,
});
const nist = (control: string, title: string, how: string, ...kinds: readonly KindName[]): Control => ({
  framework: "NIST 800-53",
  control,
  title,
  how,
  kinds,
});

/** Trust Services Criteria (2017, revised 2022) and NIST SP 800-53 revision 5. */
export const CONTROLS: readonly Control[] = [
  soc2(
    "CC6.1",
    "logical access to protected assets is restricted",
    "no action runs without a grant, good for one digest and one use",
    "granted",
    "redeemed",
    "denied",
    "rejected",
  ),
  soc2(
    "CC6.3",
    "access is authorised by roles, least privilege and segregation of duties",
    "reviewers are who policy names; nobody decides on what they caused",
    "vote_approved",
    "vote_rejected",
    "access_changed",
    "self_approval_refused",
    "other_refused",
  ),
  soc2(
    "CC7.2",
    "anomalies are watched for and looked into",
    "refusals, votes in haste, break-glass and executions that do not add up are events with alarms",
    "unreported",
    "output_differs",
    "reported_unredeemed",
    "used_after_end",
    "redeemed_twice",
    "break_glass_used",
    "self_approval_refused",
    "vote_hasty",
  ),
  soc2(
    "CC8.1",
    "changes are authorised, documented and approved",
    "each action and each policy change has who asked, who decided and what came of it",
    "requested",
    "approved",
    "policy_changed",
    "succeeded",
    "failed",
  ),
  nist("AC-3(2)", "dual authorization", "an approval takes the votes of people other than the requester", "approved", "vote_approved"),
  nist(
    "AC-5",
    "separation of duties",
    "requester, its chain, its owner and editors cannot approve; attempts are recorded",
    "self_approval_refused",
    "not_human_refused",
    "vote_approved",
  ),
  nist(
    "AC-6(9)",
    "log use of privileged functions",
    "each use of a grant and its report is an event",
    "redeemed",
    "succeeded",
    "failed",
    "unreported",
  ),
  nist(
    "AU-9",
    "protection of audit information",
    "every event is a leaf of a signed tree; what is handed out or erased is recorded",
    "recorded",
    "exported",
    "erased",
  ),
  nist("AU-10", "non-repudiation", "votes and grants are signed when they are recorded", "vote_approved", "vote_rejected", "granted"),
  nist(
    "CM-3",
    "configuration change control",
    "changes wait for approval; policy is versioned, and each step names who took it",
    "policy_changed",
    "approved",
    "rejected",
  ),
];
