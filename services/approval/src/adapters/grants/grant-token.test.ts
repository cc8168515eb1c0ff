import { expect, it } from "vitest";
import { addressOf } from "./grant-token.ts";

const claims = { iss: "countersign", tenant: "acme", action_id: "0192f7a8-1c2d-7e3f-8a4b-5c6d7e8f9a0b" };

function tokenOf(payload: unknown): string {
  return `head.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.signature`;
}

it("finds the action that a token names", () => {
  expect(addressOf(tokenOf(claims))).toEqual({ tenant: "acme", id: claims.action_id });
});

it.each<[string, string]>([
  ["empty", ""],
  ["without a signature", tokenOf(claims).split(".").slice(0, 2).join(".")],
  ["of four parts", `${tokenOf(claims)}.more`],
  ["too long", tokenOf({ ...claims, more: "x".repeat(4096) })],
  ["not JSON", "head.e30x.signature"],
  ["no object", tokenOf(null)],
  ["a list", tokenOf([claims])],
  ["without a tenant", tokenOf({ action_id: claims.action_id })],
  ["of an empty tenant", tokenOf({ ...claims, tenant: "" })],
  ["of a tenant with too long a name", tokenOf({ ...claims, tenant: "x".repeat(257) })],
  ["of a tenant that is no text", tokenOf({ ...claims, tenant: ["acme"] })],
  ["without an action", tokenOf({ tenant: "acme" })],
  ["of an action that is no UUID", tokenOf({ ...claims, action_id: "../other" })],
  ["of an action that is no text", tokenOf({ ...claims, action_id: 1 })],
])("P7: a token that is %s names nothing", (_what, token) => {
  expect(addressOf(token)).toBeUndefined();
});
