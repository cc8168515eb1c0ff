import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeFeed } from "../testing/fake-feed.ts";
import { Changes } from "./changes.ts";

const limits = { maxWatches: 3, maxWatchesOf: () => 2, lingerMs: 20 };

describe("changes", () => {
  it("reach the watches of their action and of their tenant, and no others", () => {
    const feed = new FakeFeed();
    const changes = new Changes(feed, { ...limits, maxWatches: 10, maxWatchesOf: () => 10 });
    const [first, second, all] = [changes.watchAction("acme", "a1"), changes.watchAction("acme", "a2"), changes.watchEvents("acme")];
    feed.say("acme", "a1", 4, { position: 17 });
    expect([first.latest, second.latest, all.latest]).toEqual([4, 0, 18]);
    changes.close();
  });

  it("P8: of another tenant reach nobody, whatever the id", () => {
    const feed = new FakeFeed();
    const changes = new Changes(feed, limits);
    const [action, events] = [changes.watchAction("acme", "a1"), changes.watchEvents("acme")];
    feed.say("globex", "a1", 4, { position: 17 });
    expect([action.latest, events.latest]).toEqual([0, 0]);
    changes.close();
  });

  it("share one subscription per tenant, kept a while for the next", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const feed = new FakeFeed();
    const changes = new Changes(feed, limits);
    const watches = [changes.watchAction("acme", "a1"), changes.watchAction("acme", "a1")];
    expect(feed.listeners.size).toBe(1);
    for (const watch of watches) watch.close();
    expect(feed.listeners.size).toBe(1);
    const again = changes.watchAction("acme", "a2");
    vi.advanceTimersByTime(limits.lingerMs);
    expect(feed.listeners.size).toBe(1);
    again.close();
    again.close();
    vi.advanceTimersByTime(limits.lingerMs);
    expect(feed.listeners.size).toBe(0);
  });

  it("are watched by so many per tenant and in all", () => {
    const changes = new Changes(new FakeFeed(), limits);
    const first = changes.watchAction("acme", "a1");
    changes.watchAction("acme", "a2");
    expect(() => changes.watchAction("acme", "a3")).toThrow(expect.objectContaining({ code: "RESOURCE_EXHAUSTED", reason: "WATCH_QUOTA" }));
    changes.watchAction("globex", "b1");
    expect(() => changes.watchAction("initech", "c1")).toThrow(expect.objectContaining({ reason: "OVERLOADED" }));
    first.close();
    expect(() => changes.watchAction("acme", "a3")).not.toThrow();
    changes.close();
  });

  it("leave no subscription behind a refusal", () => {
    const feed = new FakeFeed();
    const changes = new Changes(feed, { ...limits, maxWatches: 0 });
    expect(() => changes.watchAction("acme", "a1")).toThrow("Too many");
    expect(feed.listeners.size).toBe(0);
  });
});
