import { describe, expect, it } from "vitest";
import { planDeliveries, type LoggedEvent } from "./plan-deliveries.ts";

const event = (type: string, streamVersion: number, changes: Partial<LoggedEvent> = {}): LoggedEvent => ({
  tenant: "acme",
  streamType: "action",
  actionId: "a1",
  eventId: `e${streamVersion}`,
  type,
  position: 100 + streamVersion,
  streamVersion,
  time: new Date(0),
  traceparent: "",
  ...changes,
});

const everyone = {
  name: "everyone",
  tenants: "all",
  events: ["ReviewOpened", "ActionApproved", "GrantIssued", "GrantRedeemed", "ExecutionReported"],
} as const;

describe("planDeliveries", () => {
  it("plans nothing for an action that policy allowed at once, whatever channels want", () => {
    const allowed = ["ActionRequested", "VerdictReached", "ActionApproved", "GrantIssued", "GrantRedeemed", "ExecutionReported"];
    const plan = planDeliveries(
      allowed.map((type, index) => event(type, index + 1)),
      [everyone],
    );
    expect(plan.reviews).toEqual([]);
    expect(plan.deliveries.filter((delivery) => delivery.type === "ActionApproved")).toEqual([]);
  });

  it("plans each event of a review for each channel that wants it, in order", () => {
    const reviewed = ["ActionRequested", "VerdictReached", "ReviewOpened", "VoteCast", "ActionApproved", "GrantIssued"];
    const plan = planDeliveries(
      reviewed.map((type, index) => event(type, index + 1)),
      [everyone, { name: "votes", tenants: ["acme"], events: ["VoteCast"] }],
    );
    expect(plan.reviews).toEqual([{ tenant: "acme", actionId: "a1" }]);
    expect(plan.deliveries.map(({ channel, type }) => `${channel} ${type}`)).toEqual([
      "everyone ReviewOpened",
      "votes VoteCast",
      "everyone ActionApproved",
      "everyone GrantIssued",
    ]);
  });

  it("P8: tells no channel of a tenant that it was not given", () => {
    const plan = planDeliveries([event("ReviewOpened", 3)], [{ ...everyone, tenants: ["other", "acm", "acme2"] }]);
    expect(plan.deliveries).toEqual([]);
  });

  it("leaves other streams and types of a newer build alone", () => {
    const plan = planDeliveries([event("ReviewOpened", 3, { streamType: "policy" }), event("SomethingNew", 9)], [everyone]);
    expect(plan).toEqual({ reviews: [], deliveries: [] });
  });
});
