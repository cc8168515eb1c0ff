import {
  askedGroups,
  claimAt,
  editableText,
  isUndecided,
  askedStage,
  renderReview,
  riskScore,
  type PrincipalName,
  type ReviewSource,
  type TextHash,
} from "@countersign/review-view";
import { RetryableDeliveryError, TerminalDeliveryError, type Channel } from "./channel.ts";
import { LONGEST_DELAY, retryDelay } from "../domain/retry-schedule.ts";
import { whyNotShown } from "../domain/why-not-shown.ts";
import { raceAbort } from "./race-abort.ts";
import type { DeliveryOutcome, LeasedDelivery } from "./delivery-store.ts";

/** The action as `approval` has it now, at the request of the system itself. */
export type ReadAction = (tenant: string, actionId: string, traceparent: string) => Promise<ReviewSource>;

/** The action cannot be read. */
export class UnreadableActionError extends Error {
  override readonly name = "UnreadableActionError";
  /** `gone`: it does not exist. `unreachable`: nobody answered, so this says nothing about the delivery. `refused`: anything else. */
  readonly why: "gone" | "unreachable" | "refused";

  constructor(why: UnreadableActionError["why"], message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
    this.why = why;
  }
}

export type AttemptDeps = {
  readonly channel: Channel;
  readonly readAction: ReadAction;
  readonly sha256: TextHash;
  readonly random: () => number;
  readonly retryDelays: readonly number[];
};

/** When an action could not be read, or is not yet as new as the event. */
const UNREACHABLE_DELAY = 1000;
const BEHIND_DELAY = 100;

/** When a receiver says "too fast" and not for how long. */
const RATE_LIMITED_DELAY = 1000;

/** Attempts one delivery: reads the action as it is, renders it, hands it to the channel. Never throws. */
export async function attemptDelivery(leased: LeasedDelivery, deps: AttemptDeps, signal: AbortSignal): Promise<DeliveryOutcome> {
  if (leased.attempts > deps.retryDelays.length + 1)
    return { outcome: "failed", error: "no attempt came to an end", disablesChannel: false };
  try {
    const source = await deps.readAction(leased.tenant, leased.actionId, leased.traceparent);
    if (source.version < leased.streamVersion)
      return { outcome: "retry", delayMs: BEHIND_DELAY, error: "the action read is older than the event", counts: false };
    const reason = supersededBecause(leased, deps.channel, source);
    if (reason !== undefined) return { outcome: "superseded", reason };
    const receipt = await raceAbort(deps.channel.deliver(toDelivery(leased, deps, source), signal), signal);
    const shownVersion = deps.channel.capabilities.update ? source.version : undefined;
    return { outcome: "delivered", externalRef: receipt.externalRef, shownVersion };
  } catch (error) {
    return outcomeOf(error, leased, deps);
  }
}

/** Programs get every event; what people get is a rule of its own. */
function supersededBecause(leased: LeasedDelivery, channel: Channel, source: ReviewSource): string | undefined {
  if (!channel.capabilities.show) return undefined;
  const groups = channel.groups ?? "all";
  return whyNotShown({
    type: leased.type,
    streamVersion: leased.streamVersion,
    updates: channel.capabilities.update,
    hearsOfOpening: channel.events.includes("ReviewOpened"),
    shownBefore: leased.shownBefore,
    shownVersion: leased.shownVersion,
    undecided: isUndecided(source),
    claimed: claimantOf(leased, source) !== undefined && channel.personal !== true,
    asksItsPeople: groups === "all" || askedGroups(source).some((group) => groups.includes(group)),
  });
}

/** Whose claim lasted when reviewers were to be reminded, if it still stands. */
function claimantOf({ type, time }: LeasedDelivery, source: ReviewSource): PrincipalName | undefined {
  return type === "ReviewerReminded" ? claimAt(source, time)?.reviewer : undefined;
}

function toDelivery(leased: LeasedDelivery, deps: AttemptDeps, source: ReviewSource) {
  return {
    id: leased.id,
    attempt: leased.attempts,
    tenant: leased.tenant,
    event: {
      id: leased.eventId,
      type: leased.type,
      position: leased.position,
      streamVersion: leased.streamVersion,
      time: leased.time,
      traceparent: leased.traceparent,
    },
    earlierRef: deps.channel.capabilities.update ? leased.earlierRef : undefined,
    plannedAt: leased.plannedAt,
    undecided: isUndecided(source),
    askedGroups: askedGroups(source),
    stage: askedStage(source),
    riskScore: riskScore(source),
    claimant: claimantOf(leased, source),
    editable: () => editableText(source),
    render: (limits?: Parameters<typeof renderReview>[2]) => renderReview(source, deps.sha256, limits),
  };
}

function outcomeOf(error: unknown, leased: LeasedDelivery, deps: AttemptDeps): DeliveryOutcome {
  const text = error instanceof Error ? error.message : "the channel failed";
  if (error instanceof TerminalDeliveryError) return { outcome: "failed", error: text, disablesChannel: error.disablesChannel };
  if (error instanceof UnreadableActionError && error.why === "gone") return { outcome: "failed", error: text, disablesChannel: false };
  if (error instanceof UnreadableActionError && error.why === "unreachable")
    return { outcome: "retry", delayMs: UNREACHABLE_DELAY, error: text, counts: false };
  const askedFor = error instanceof RetryableDeliveryError ? error.delayMs : undefined;
  if (error instanceof RetryableDeliveryError && error.rateLimited) {
    const delayMs = Math.min(askedFor ?? RATE_LIMITED_DELAY, LONGEST_DELAY);
    return { outcome: "retry", delayMs, error: text, counts: false, pausesChannel: true };
  }
  const delayMs = retryDelay(leased.attempts, askedFor, deps.random(), deps.retryDelays);
  return delayMs === undefined
    ? { outcome: "failed", error: text, disablesChannel: false }
    : { outcome: "retry", delayMs, error: text, counts: true };
}
