import type { ReviewSource } from "@countersign/review-view";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseChannels } from "../../config.ts";
import type { PagerDutyChannelConfig } from "../../channels-file.ts";
import { FakePagerDuty } from "../../testing/fake-pagerduty.ts";
import { hostileReview, hostileTexts, UNSAFE } from "../../testing/hostile-reviews.ts";
import { sampleDelivery, sampleReview } from "../../testing/sample-review.ts";
import { RetryableDeliveryError, TerminalDeliveryError, type Delivery } from "../../usecases/channel.ts";
import { reviewLinks } from "../page/review-links.ts";
import { pagerDutyChannel } from "./pagerduty-channel.ts";
import { severityOf } from "./pagerduty-event.ts";

let pagerDuty: FakePagerDuty;
beforeEach(async () => {
  pagerDuty = new FakePagerDuty();
  await pagerDuty.start();
});
afterEach(async () => {
  await pagerDuty.close();
  expect(pagerDuty.refused).toEqual([]);
});

const withRisk = (points: number, source: ReviewSource = sampleReview): ReviewSource => ({
  ...source,
  verdict: { rule: "r", revision: 1, reasons: [], risk: [{ points, reason: "a reason" }] },
});

function channel(more: object = {}) {
  const entry = {
    name: "pd",
    kind: "pagerduty",
    tenants: "all",
    routing_key: pagerDuty.routingKey,
    url: `http://${pagerDuty.host}/v2/enqueue`,
  };
  const { channels, allowedHosts } = parseChannels(JSON.stringify({ allowed_hosts: [pagerDuty.host], channels: [{ ...entry, ...more }] }));
  const config = channels[0] as PagerDutyChannelConfig;
  const clock = () => new Date();
  const links = reviewLinks("https://cs.example", "s".repeat(32), clock);
  const options = { ...config, routingKey: config.routing_key, urgentFrom: config.urgent_from, rules: { allowedHosts }, links, clock };
  return pagerDutyChannel(options);
}

const deliver = (source: ReviewSource, change: Partial<Delivery> = {}, to = channel()) =>
  to.deliver(sampleDelivery(source, change), AbortSignal.timeout(20_000));

describe("PagerDuty", () => {
  it("an urgent review is one incident: triggered, acknowledged with the first approval, resolved when it is over", async () => {
    const urgent = withRisk(85);
    const { externalRef } = await deliver(urgent);
    expect(externalRef).toBe(urgent.id);
    expect(pagerDuty.events[0]).toMatchObject({
      dedup_key: urgent.id,
      payload: { severity: "critical", source: "countersign/acme", summary: "Review needed: db.export on db crm" },
    });
    const vote = { reviewer: { issuer: "i", id: "ada" }, decision: "approve", reason: "", stage: 0, lapsed: false, inPlaceOf: "" } as const;
    const review = urgent.review === undefined ? undefined : { ...urgent.review, votes: [vote] };
    await deliver({ ...urgent, review }, { earlierRef: externalRef });
    expect(pagerDuty.incidents.get(urgent.id)).toBe("acknowledged");
    await deliver({ ...urgent, status: "approved" }, { earlierRef: externalRef });
    await deliver({ ...urgent, status: "approved" }, { earlierRef: externalRef, attempt: 2 });
    expect([...pagerDuty.incidents]).toEqual([[urgent.id, "resolved"]]);
  });

  it("nobody is woken by what is not urgent, nor by the end of what never was", async () => {
    expect(await deliver(withRisk(49))).toEqual({});
    expect(await deliver(sampleReview)).toEqual({});
    expect(await deliver({ ...withRisk(90), status: "expired" })).toEqual({});
    expect(pagerDuty.events).toEqual([]);
    await deliver(sampleReview, {}, channel({ urgent_from: 0 }));
    expect(pagerDuty.events[0]?.payload?.severity).toBe("warning");
    expect([0, 20, 50, 80].map(severityOf)).toEqual(["info", "warning", "error", "critical"]);
  });

  it("waits when it is told to, tries again, and gives up on 400", async () => {
    pagerDuty.next.push({ status: 429, retryAfter: "7" }, { status: 503 });
    await expect(deliver(withRisk(90))).rejects.toMatchObject({ rateLimited: true, delayMs: 7000 });
    await expect(deliver(withRisk(90))).rejects.toThrow(RetryableDeliveryError);
    await expect(deliver(withRisk(90), {}, channel({ routing_key: "x".repeat(32) }))).rejects.toThrow(TerminalDeliveryError);
    expect(pagerDuty.refused.splice(0)).toEqual(["routing_key is not one of an integration"]);
  });

  it("takes hostile and very long texts within its limits, and shows them harmless", async () => {
    const to = channel({ urgent_from: 0 });
    for (const { text } of hostileTexts) await deliver(hostileReview(text), {}, to);
    expect(pagerDuty.events).toHaveLength(hostileTexts.length);
    expect(JSON.stringify(pagerDuty.events)).not.toMatch(UNSAFE);
    await deliver(hostileReview("x".repeat(20_000)), {}, to);
    expect(JSON.stringify(pagerDuty.events.at(-1)).length).toBeLessThan(60_000);
  });
});
