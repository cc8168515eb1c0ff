import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ReviewMode,
  TimeoutAction,
  type QuorumSchema,
  type ReviewerSelectorSchema,
  type ReviewTermsSchema,
  type StageSchema,
} from "@countersign/proto/v1/action_pb";
import { SignInStrength } from "@countersign/proto/v1/principal_pb";
import type { ReviewTerms, Stage } from "../domain/document.ts";
import type { Quorum, Selector } from "../domain/reviewers.ts";

const TIMEOUTS = { deny: TimeoutAction.DENY, hold: TimeoutAction.HOLD, escalate: TimeoutAction.ESCALATE } as const;
const MODES = { four_eyes: ReviewMode.FOUR_EYES, confirm: ReviewMode.CONFIRM } as const;
const SIGN_IN = {
  any: SignInStrength.UNSPECIFIED,
  chat: SignInStrength.CHAT,
  session: SignInStrength.SESSION,
  mfa: SignInStrength.MFA,
} as const;

export function toStageMessage(stage: Stage): MessageInitShape<typeof StageSchema> {
  const { name, quorum, quorumText, distinctTeams, seconds, reminderSeconds, escalation, approveNeedsReason } = stage;
  return {
    name,
    quorum: toQuorumMessage(quorum),
    quorumText,
    distinctTeams,
    seconds,
    reminderSeconds: [...reminderSeconds],
    ...(escalation && { escalation: { afterSeconds: escalation.afterSeconds, to: escalation.to.map(toSelectorMessage) } }),
    onTimeout: TIMEOUTS[stage.onTimeout],
    mode: MODES[stage.mode],
    approveNeedsReason,
    leastSignIn: SIGN_IN[stage.leastSignIn],
  };
}

export function toTermsMessage({ editable, ownerMayApprove, breakGlass }: ReviewTerms): MessageInitShape<typeof ReviewTermsSchema> {
  return { editable, ownerMayApprove, ...(breakGlass && { breakGlass: { ...breakGlass, groups: [...breakGlass.groups] } }) };
}

function toQuorumMessage(quorum: Quorum): MessageInitShape<typeof QuorumSchema> {
  return quorum.kind === "at_least"
    ? { rule: { case: "atLeast", value: { count: quorum.count, of: quorum.of.map(toSelectorMessage) } } }
    : { rule: { case: quorum.kind, value: { of: quorum.of.map(toQuorumMessage) } } };
}

function toSelectorMessage(selector: Selector): MessageInitShape<typeof ReviewerSelectorSchema> {
  switch (selector.kind) {
    case "group":
      return { who: { case: "group", value: selector.name } };
    case "person":
      return { who: { case: "person", value: selector.id } };
    case "on_call":
      return { who: { case: "onCall", value: selector.schedule } };
    case "requester_manager":
      return { who: { case: "requesterManager", value: true } };
    case "resource_owner":
      throw new Error("a verdict names the resource's owner");
    default:
      return selector satisfies never;
  }
}
