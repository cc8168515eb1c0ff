import type { ReviewSource } from "@countersign/review-view";
import { describe, expect, it } from "vitest";
import { RetryableDeliveryError, SHOW_ONLY, TerminalDeliveryError, type Channel, type Delivery } from "./channel.ts";
import { sampleReview, sha256 } from "../testing/sample-review.ts";
import { attemptDelivery, UnreadableActionError, type AttemptDeps } from "./attempt-delivery.ts";
import type { LeasedDelivery } from "./delivery-store.ts";

const leased: LeasedDelivery = {
  id: "1",
  leaseId: "lease",
  tenant: "acme",
  actionId: sampleReview.id,
  eventId: "e1",
  type: "ReviewOpened",
  position: 10,
  streamVersion: 3,
  time: new Date(0),
  traceparent: "",
  attempts: 1,
  shownBefore: false,
  earlierRef: "message-7",
  shownVersion: undefined,
  plannedAt: new Date(0),
};

function attempt(
  changes: Partial<LeasedDelivery>,
  deps: Partial<AttemptDeps> & { deliver?: Channel["deliver"]; show?: boolean; update?: boolean },
  signal = AbortSignal.timeout(20_000),
) {
  const channel: Channel = {
    name: "channel",
    kind: "test",
    target: "test",
    capabilities: { ...SHOW_ONLY, show: deps.show ?? true, update: deps.update ?? false },
    tenants: "all",
    events: ["ReviewOpened", "ActionApproved"],
    deliver: deps.deliver ?? (async () => ({ externalRef: "message-8" })),
  };
  return attemptDelivery(
    { ...leased, ...changes },
    { channel, readAction: async () => sampleReview, sha256, random: () => 0, retryDelays: [100, 200], ...deps },
    signal,
  );
}

const approved = { ...sampleReview, status: "approved", version: 5 } as const;
const failing = (error: Error) => ({
  deliver: async () => {
    throw error;
  },
});

describe("attemptDelivery", () => {
  it("delivers the action as it is now", async () => {
    const seen: Delivery[] = [];
    const deliver: Channel["deliver"] = async (delivery) => {
      seen.push(delivery);
      return { externalRef: "message-8" };
    };
    expect(await attempt({}, { deliver, update: true })).toEqual({ outcome: "delivered", externalRef: "message-8", shownVersion: 3 });
    expect(seen[0]).toMatchObject({ id: "1", attempt: 1, earlierRef: "message-7", event: { id: "e1", type: "ReviewOpened" } });
    expect(seen[0]?.render().title.text).toBe("db.export on db crm");
  });

  it("asks nobody about a review that is over, and tells no end of what was never shown", async () => {
    expect(await attempt({}, { readAction: async () => approved })).toMatchObject({ outcome: "superseded" });
    expect(await attempt({ type: "ActionApproved" }, { readAction: async () => approved })).toMatchObject({ outcome: "superseded" });
    expect(await attempt({ type: "ActionApproved", shownBefore: true }, { readAction: async () => approved })).toMatchObject({
      outcome: "delivered",
    });
  });

  it("P3: after a break-glass asks everybody who was skipped, in later stages too", async () => {
    const seen: Delivery[] = [];
    const stages = [
      { name: "first", quorum: "", groups: ["done"] },
      { name: "open", quorum: "", groups: ["dpo"], people: ["p1"] },
      { name: "later", quorum: "", groups: ["dpo", "managers"], schedules: ["sre"] },
    ];
    const by = { issuer: "https://id.example", id: "eve" };
    const afterReview = { usedBy: by, reason: "", skipped: [], closed: undefined };
    const review = { stages, openStage: 1, votes: [], deadline: undefined, editor: undefined };
    const source: ReviewSource = { ...approved, version: 6, review, afterReview };
    const deliver: Channel["deliver"] = async (delivery) => {
      seen.push(delivery);
      return { externalRef: "message-8" };
    };
    await attempt({ type: "BreakGlassUsed", streamVersion: 4 }, { readAction: async () => source, deliver });
    expect(seen[0]?.stage).toMatchObject({ groups: ["dpo", "managers"], people: ["p1"], schedules: ["sre"] });
    expect(seen[0]?.askedGroups).toEqual(["dpo", "managers"]);
  });

  it("gives programs every event", async () => {
    expect(await attempt({}, { show: false, readAction: async () => approved })).toMatchObject({ outcome: "delivered" });
  });

  it("P7: never shows an action that is older than the event", async () => {
    expect(await attempt({ streamVersion: 4 }, {})).toMatchObject({ outcome: "retry", counts: false });
  });

  it.each([
    ["unreachable", { outcome: "retry", delayMs: 1000, counts: false }],
    ["refused", { outcome: "retry", delayMs: 100, counts: true }],
    ["gone", { outcome: "failed", disablesChannel: false }],
  ] as const)("P7: delivers nothing when the action is %s", async (why, outcome) => {
    const deliver = () => Promise.reject(new Error("must not be called"));
    const readAction = () => Promise.reject(new UnreadableActionError(why, "no"));
    expect(await attempt({}, { readAction, deliver })).toMatchObject(outcome);
  });

  it("tries again on the schedule, later when asked to, then gives up", async () => {
    const error = new RetryableDeliveryError("busy");
    expect(await attempt({}, failing(error))).toEqual({ outcome: "retry", delayMs: 100, error: "busy", counts: true });
    expect(await attempt({ attempts: 2 }, failing(new RetryableDeliveryError("busy", { delayMs: 900 })))).toMatchObject({ delayMs: 900 });
    expect(await attempt({ attempts: 3 }, failing(error))).toEqual({ outcome: "failed", error: "busy", disablesChannel: false });
  });

  it("takes any other error for one that may pass", async () => {
    expect(await attempt({}, failing(new TypeError("a bug of the channel")))).toMatchObject({ outcome: "retry", counts: true });
  });

  it("gives up at once when the channel says so", async () => {
    expect(await attempt({}, failing(new TerminalDeliveryError("gone", { disablesChannel: true })))).toEqual({
      outcome: "failed",
      error: "gone",
      disablesChannel: true,
    });
  });

  it("gives up what ended the process in every attempt", async () => {
    expect(await attempt({ attempts: 4 }, {})).toMatchObject({ outcome: "failed" });
  });

  it("waits no longer than it may for a channel that does not listen", async () => {
    expect(await attempt({}, { deliver: () => new Promise(() => {}) }, AbortSignal.timeout(20))).toMatchObject({
      outcome: "retry",
      error: "no answer in time",
    });
  });

  it("spends no attempt when the receiver takes nothing now, and leaves the whole channel alone", async () => {
    const limited = failing(new RetryableDeliveryError("429", { rateLimited: true, delayMs: 7000 }));
    const outcome = { outcome: "retry", delayMs: 7000, error: "429", counts: false, pausesChannel: true };
    expect(await attempt({}, limited)).toEqual(outcome);
    const silent = failing(new RetryableDeliveryError("429", { rateLimited: true }));
    expect(await attempt({}, silent)).toEqual({ ...outcome, delayMs: 1000 });
  });
});
