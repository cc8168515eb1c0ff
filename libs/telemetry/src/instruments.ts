import { ATTRIBUTES } from "./attributes.ts";
import type { Counter } from "./counter.ts";
import type { Meter } from "./meter.ts";
import { HUMAN_SECONDS, type Timing } from "./timing.ts";

/** Everything that is counted or timed as it happens. Gauges are registered by whoever knows their value: see `observe`. */
export type Instruments = {
  /** Calls at the front door, by method and code: the time this system worked, up to where a call waits for people. */
  readonly rpcServer: Timing;
  /** Waits for people at the front door, by method and code. */
  readonly rpcWait: Timing;
  /** Calls turned away at the front door, by reason (overload, or which quota) and urgency. */
  readonly turnedAway: Counter;
  /** Commands served, by service and method; `error.type` holds the reason of a refusal. */
  readonly commandsServed: Timing;
  /** Commands sent, until the reply. */
  readonly commandsSent: Timing;
  /** Appends to the log, by outcome: appended, conflict, replayed, key_reused, too_late, failed. */
  readonly appends: Timing;
  /** Actions by what became of them. */
  readonly actions: Counter;
  /** From the request to the decision, by outcome. */
  readonly decisions: Timing;
  /** Grants issued, redeemed, expired, revoked. */
  readonly grants: Counter;
  readonly votesCast: Counter;
  /** Votes that were refused, by reason: SELF_APPROVAL is somebody who tried to approve what they caused. */
  readonly votesRefused: Counter;
  readonly breakGlass: Counter;
  /** Attempts to reach a channel, by channel and outcome. */
  readonly deliveries: Timing;
  /** Fetches of an issuer's keys, by issuer and outcome. */
  readonly jwksFetches: Counter;
  /** Batches of events that a consumer handled. */
  readonly consumed: Timing;
  /** Calls, consumers and relays that met something in the event log, or of its contents, which is not what was recorded. */
  readonly corruptions: Counter;
};

const ACTION_OUTCOMES = [
  "requested",
  "in_review",
  "denied",
  "approved",
  "rejected",
  "expired",
  "cancelled",
  "succeeded",
  "failed",
  "unreported",
];

const TURNED_AWAY = ["OVERLOADED", "REQUEST_QUOTA", "REVIEW_QUOTA", "WATCH_QUOTA"];

/** Makes all instruments on a meter. Names are part of what we promise: dashboards and alerts are built on them. */
export function createInstruments(meter: Meter): Instruments {
  const timing = (name: string, description: string, bounds?: number[]) => meter.timing(name, description, bounds);
  const counter = (name: string, description: string, label?: string, ...values: string[]) => {
    const made = meter.counter(name, description);
    // From zero on: of a series that begins at one, nobody sees the first step.
    if (label === undefined) made.add(0);
    for (const value of values) made.add(0, { [label ?? ""]: value });
    return made;
  };
  return {
    rpcServer: timing("rpc.server.call.duration", "gRPC calls, without the time for which they wait for people"),
    rpcWait: timing("countersign.rpc.wait.duration", "Calls and streams that waited for people or events", HUMAN_SECONDS),
    turnedAway: counter("countersign.rpc.turned_away", "Calls turned away, by reason and urgency", ATTRIBUTES.reason, ...TURNED_AWAY),
    commandsServed: timing("messaging.process.duration", "Commands served"),
    commandsSent: timing("messaging.client.operation.duration", "Commands sent, until the reply"),
    appends: timing("countersign.append.duration", "Appends to the event log, until they are durable"),
    actions: counter("countersign.actions", "Actions by what became of them", ATTRIBUTES.outcome, ...ACTION_OUTCOMES),
    decisions: timing("countersign.decision.duration", "From the request of an action to its decision", HUMAN_SECONDS),
    grants: counter("countersign.grants", "Grants by what became of them", ATTRIBUTES.outcome, "issued", "redeemed", "expired", "revoked"),
    votesCast: counter("countersign.votes.cast", "Votes that were recorded"),
    votesRefused: counter(
      "countersign.votes.refused",
      "Votes that were refused, by reason",
      ATTRIBUTES.reason,
      "SELF_APPROVAL",
      "NOT_ELIGIBLE",
    ),
    breakGlass: counter("countersign.break_glass", "Actions that one person approved alone, in an emergency"),
    deliveries: timing("countersign.delivery.duration", "Attempts to tell a channel, by outcome"),
    jwksFetches: counter("countersign.jwks.fetches", "Fetches of an issuer's keys, by outcome", ATTRIBUTES.outcome),
    consumed: timing("countersign.consumer.batch.duration", "Batches of events handled by a consumer"),
    corruptions: counter("countersign.log.corruptions", "How often something in the event log was met that is not what was recorded"),
  };
}
