import { ExecutionOutcome, VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";

/** What the wire's numbers are called; nothing for those of a newer build. */
type Names<Name extends string> = Readonly<Record<number, Name | undefined>>;

export const PRINCIPAL_KINDS: Names<"human" | "agent" | "service"> = {
  [PrincipalType.HUMAN]: "human",
  [PrincipalType.AGENT]: "agent",
  [PrincipalType.SERVICE]: "service",
};

export const VERDICTS: Names<"allow" | "deny" | "review"> = {
  [VerdictOutcome.ALLOW]: "allow",
  [VerdictOutcome.DENY]: "deny",
  [VerdictOutcome.REVIEW]: "review",
};

export const OUTCOMES: Names<"succeeded" | "failed"> = {
  [ExecutionOutcome.SUCCEEDED]: "succeeded",
  [ExecutionOutcome.FAILED]: "failed",
};
