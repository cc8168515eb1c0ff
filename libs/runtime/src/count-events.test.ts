import { create } from "@bufbuild/protobuf";
import type { RecordedEvent } from "@countersign/event-log";
import { encodeEvent, type DecodedEvent } from "@countersign/events";
import * as events from "@countersign/proto/event/v1/action_events_pb";
import { ExecutionOutcome, VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { startTelemetry } from "@countersign/telemetry";
import { expect, it } from "vitest";
import { countEvents } from "./count-events.ts";

/** Requested at 1,000,000 ms. */
const ID = "0000000f-4240-7000-8000-000000000000";

function recorded(event: DecodedEvent, seconds = 0, type = "action"): RecordedEvent {
  const none = new Uint8Array();
  return {
    ...encodeEvent(event),
    ledger: "main",
    position: 0,
    stream: { tenant: "acme", type, id: ID },
    streamVersion: 1,
    tenantSequence: 1,
    eventId: none,
    time: new Date(1_000_000 + seconds * 1000),
    actor: undefined,
    traceparent: "",
    entry: none,
    leafHash: none,
  };
}

it("counts what was committed: actions, decisions and how long they took, grants, emergencies", async () => {
  const telemetry = await startTelemetry("test", { COUNTERSIGN_TELEMETRY_PORT: "0", COUNTERSIGN_TELEMETRY_TENANTS: "true" });
  let commit: (events: readonly RecordedEvent[]) => void = () => {};
  const end = countEvents({
    onCommitted: (listener) => {
      commit = listener;
      return () => (commit = () => {});
    },
  });
  const verdict = (outcome: VerdictOutcome) => create(events.VerdictReachedSchema, { verdict: { outcome } });
  commit([
    recorded({ type: "VerdictReached", data: verdict(VerdictOutcome.DENY) }, 2),
    recorded({ type: "VerdictReached", data: verdict(VerdictOutcome.REVIEW) }),
    recorded({ type: "ActionApproved", data: create(events.ActionApprovedSchema) }, 20),
    recorded({ type: "GrantRedeemed", data: create(events.GrantRedeemedSchema) }),
    recorded({ type: "ExecutionReported", data: create(events.ExecutionReportedSchema, { outcome: ExecutionOutcome.FAILED }) }),
    recorded({ type: "BreakGlassUsed", data: create(events.BreakGlassUsedSchema) }),
    recorded({ type: "VoteCast", data: create(events.VoteCastSchema) }, 0, "refusal"),
  ]);
  const text = await (await fetch(`http://${telemetry.address}/metrics`)).text();
  const labels = (outcome: string) => `{countersign_outcome="${outcome}",countersign_tenant="acme"}`;
  const counted = (name: string) =>
    text
      .split("\n")
      .find((line) => line.startsWith(`${name} `))
      ?.split(" ")[1];
  for (const outcome of ["denied", "approved", "failed"]) expect(counted(`countersign_actions_total${labels(outcome)}`)).toBe("1");
  expect(counted(`countersign_decision_duration_seconds_sum${labels("approved")}`)).toBe("20");
  expect(counted(`countersign_decision_duration_seconds_sum${labels("denied")}`)).toBe("2");
  expect(counted(`countersign_grants_total${labels("redeemed")}`)).toBe("1");
  expect(counted('countersign_break_glass_total{countersign_tenant="acme"}')).toBe("1");
  expect(counted("countersign_votes_cast_total")).toBe("0");
  end();
  await telemetry.close();
});
