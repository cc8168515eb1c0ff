import { encodePart, type Fields } from "@countersign/events";
import {
  ReviewMode,
  TimeoutAction,
  type Quorum as QuorumMessage,
  type QuorumSchema,
  type ReviewerSelector,
  type ReviewerSelectorSchema,
  type Stage as StageMessage,
  StageSchema,
} from "@countersign/proto/v1/action_pb";
import type { Quorum, Selector, Stage } from "../../domain/stage.ts";
import { oncePer } from "./once-per.ts";
import { fromSignIn, SIGN_INS } from "./principal-message.ts";

const TIMEOUTS: Readonly<Record<Stage["onTimeout"], TimeoutAction>> = {
  deny: TimeoutAction.DENY,
  hold: TimeoutAction.HOLD,
  escalate: TimeoutAction.ESCALATE,
};

/** It goes into the verdict, into the event that opens the review and into every reply. */
export const encodedStage = oncePer(({ quorum, escalation, onTimeout, mode, leastSignIn, ...rest }: Stage) =>
  encodePart(StageSchema, {
    ...rest,
    quorum: toQuorumMessage(quorum),
    ...(escalation && { escalation: { afterSeconds: escalation.afterSeconds, to: escalation.to.map(toSelectorMessage) } }),
    onTimeout: TIMEOUTS[onTimeout],
    mode: mode === "confirm" ? ReviewMode.CONFIRM : ReviewMode.FOUR_EYES,
    leastSignIn: SIGN_INS[leastSignIn],
  }),
);

/** Undefined for a quorum that this build does not know: nobody could tell whether it is reached. */
export function fromStageMessage(message: StageMessage): Stage | undefined {
  const { name, quorumText, distinctTeams, seconds, reminderSeconds, escalation, approveNeedsReason } = message;
  const quorum = message.quorum && fromQuorumMessage(message.quorum);
  if (quorum === undefined) return undefined;
  return {
    name,
    quorum,
    quorumText,
    distinctTeams,
    seconds,
    reminderSeconds,
    escalation: escalation && { afterSeconds: escalation.afterSeconds, to: fromSelectors(escalation.to) },
    onTimeout: fromTimeout(message.onTimeout),
    mode: message.mode === ReviewMode.CONFIRM ? "confirm" : "four_eyes",
    approveNeedsReason,
    leastSignIn: fromSignIn(message.leastSignIn),
  };
}

function fromTimeout(action: TimeoutAction): Stage["onTimeout"] {
  if (action === TimeoutAction.HOLD) return "hold";
  return action === TimeoutAction.ESCALATE ? "escalate" : "deny";
}

function toQuorumMessage(quorum: Quorum): Fields<typeof QuorumSchema> {
  return quorum.kind === "at_least"
    ? { rule: { case: "atLeast", value: { count: quorum.count, of: quorum.of.map(toSelectorMessage) } } }
    : { rule: { case: quorum.kind, value: { of: quorum.of.map(toQuorumMessage) } } };
}

function fromQuorumMessage({ rule }: QuorumMessage): Quorum | undefined {
  switch (rule.case) {
    case "atLeast":
      return { kind: "at_least", count: rule.value.count, of: fromSelectors(rule.value.of) };
    case "all":
    case "any": {
      const of = rule.value.of.map(fromQuorumMessage).filter((part) => part !== undefined);
      return of.length === rule.value.of.length ? { kind: rule.case, of } : undefined;
    }
    case undefined:
      return undefined;
    default:
      return rule satisfies never;
  }
}

function toSelectorMessage(selector: Selector): Fields<typeof ReviewerSelectorSchema> {
  switch (selector.kind) {
    case "group":
      return { who: { case: "group", value: selector.name } };
    case "person":
      return { who: { case: "person", value: selector.id } };
    case "on_call":
      return { who: { case: "onCall", value: selector.schedule } };
    case "requester_manager":
      return { who: { case: "requesterManager", value: true } };
    default:
      return selector satisfies never;
  }
}

/** Whoever is named in a way that this build does not know is nobody. */
function fromSelectors(selectors: readonly ReviewerSelector[]): readonly Selector[] {
  return selectors.map(fromSelector).filter((selector) => selector !== undefined);
}

function fromSelector({ who }: ReviewerSelector): Selector | undefined {
  switch (who.case) {
    case "group":
      return { kind: "group", name: who.value };
    case "person":
      return { kind: "person", id: who.value };
    case "onCall":
      return { kind: "on_call", schedule: who.value };
    case "requesterManager":
      return who.value ? { kind: "requester_manager" } : undefined;
    case undefined:
      return undefined;
    default:
      return who satisfies never;
  }
}
