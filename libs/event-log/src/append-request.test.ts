import { expect, test } from "vitest";
import { checkAppendRequest } from "./append-request.ts";

const requestOf = (bytes: number): Parameters<typeof checkAppendRequest>[0] => ({
  stream: { tenant: "acme", type: "action", id: "a1" },
  expectedVersion: 0,
  events: [{ type: "ActionRequested", schemaVersion: 1, data: new Uint8Array(bytes) }],
  actor: { issuer: "https://issuer.test", id: "agent" },
  time: new Date("2026-11-21T12:00:00Z"),
});

test("P7: an event that is too large is refused before the log, with its size and the limit", () => {
  expect(() => checkAppendRequest(requestOf(61_439))).not.toThrow();
  expect(() => checkAppendRequest(requestOf(61_440))).toThrow("an event of it has 61440 bytes, and the log takes 61439");
});
