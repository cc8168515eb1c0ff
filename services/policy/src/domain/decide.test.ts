import { describe, expect, it } from "vitest";
import { decide } from "./decide.ts";
import type { PolicyEvent, PolicyPublished } from "./stream-events.ts";
import { evolve, initialState } from "./stream-state.ts";

const publisher = { issuer: "https://issuer.example", id: "ada" };
const timeMs = 1_000;
const published = (revision: number, documentDigest: string): PolicyPublished => ({
  type: "PolicyPublished",
  revision,
  documentDigest,
  contentDigest: `content of ${documentDigest}`,
  publisher,
  timeMs,
});
const activated = (revision: number, at = timeMs): PolicyEvent => ({ type: "PolicyActivated", revision, activator: publisher, timeMs: at });
const given = (...events: readonly PolicyEvent[]) => events.reduce(evolve, initialState);
const publish = (documentDigest: string) =>
  ({ type: "PublishPolicy", documentDigest, contentDigest: `content of ${documentDigest}`, publisher, timeMs }) as const;
const activate = (revision: number) => ({ type: "ActivatePolicy", revision, activator: publisher, timeMs }) as const;

describe("PublishPolicy", () => {
  it("numbers revisions from 1", () => {
    expect(decide(publish("aa"), given())).toEqual({ events: [published(1, "aa")] });
    expect(decide(publish("bb"), given(published(1, "aa")))).toEqual({ events: [published(2, "bb")] });
  });

  it("stays quiet when the newest revision has this text", () => {
    expect(decide(publish("aa"), given(published(1, "aa")))).toEqual({ events: [] });
  });

  it("publishes an older text again as a new revision", () => {
    expect(decide(publish("aa"), given(published(1, "aa"), published(2, "bb")))).toEqual({ events: [published(3, "aa")] });
  });
});

describe("ActivatePolicy", () => {
  it("activates any revision, also an older one", () => {
    const history = given(published(1, "aa"), published(2, "bb"), activated(2));
    expect(decide(activate(1), history)).toEqual({ events: [activated(1)] });
  });

  it("refuses a revision that is not there", () => {
    expect(decide(activate(2), given(published(1, "aa")))).toEqual({ rejection: "unknown_revision" });
    expect(decide(activate(0), given())).toEqual({ rejection: "unknown_revision" });
  });

  it("stays quiet when it is active", () => {
    expect(decide(activate(1), given(published(1, "aa"), activated(1)))).toEqual({ events: [] });
  });
});

it("a revision knows its last time in force, and through whom", () => {
  const history = [published(1, "aa"), published(2, "bb"), published(3, "cc"), activated(1, 10), activated(2, 20), activated(1, 30)];
  const terms = (events: readonly PolicyEvent[]) => given(...events).revisions.map(({ term }) => term);
  const term = (fromMs: number, toMs?: number) => ({ activator: publisher, fromMs, toMs });
  expect(terms(history)).toEqual([term(30), term(20, 30), undefined]);
  // As it was before the last one.
  expect(terms(history.slice(0, -1))).toEqual([term(10, 20), term(20), undefined]);
});
