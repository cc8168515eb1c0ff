import { describe, expect, it } from "vitest";
import {
  allowed,
  DIGEST,
  exporter,
  inReview,
  MINUTE,
  principal,
  redeemed,
  ref,
  requested,
  sponsor,
  T0,
  TOKEN_DIGEST,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import { redemptionFault } from "./redemption.ts";

const at = T0 + MINUTE;
const asked = { tokenDigest: TOKEN_DIGEST, digest: DIGEST, at };

/** The exporter asked on behalf of the sponsor. All of these are callers with another standing. */
const OTHERS = [
  ["the same program for somebody else", { ...exporter, chain: [ref("bob")] }],
  ["the same program for nobody", { ...exporter, chain: [] }],
  ["the same program for the sponsor through another one", { ...exporter, chain: [ref("planner"), ref("sponsor")] }],
  ["the same program for the sponsor and for somebody else", { ...exporter, chain: [ref("sponsor"), ref("bob")] }],
  ["the same program for a namesake of another issuer", { ...exporter, chain: [{ issuer: "https://other.example", id: "sponsor" }] }],
  ["its namesake of another issuer", { ...exporter, issuer: "https://other.example" }],
  ["the one for whom it acts", sponsor],
  ["a program through which it acts", principal("planner", { chain: exporter.chain })],
] as const;

describe("P2, P8: a grant belongs to the principal and the chain that asked for it", () => {
  it("which may redeem, report and cancel", () => {
    expect(redemptionFault(stateAfter(allowed), { ...asked, caller: exporter })).toBeUndefined();
    expect(redemptionFault(stateAfter(allowed), { ...asked, caller: { ...ref("exporter"), chain: [ref("sponsor")] } })).toBeUndefined();
  });

  it.each(OTHERS)("%s may not", (_who, caller) => {
    expect(redemptionFault(stateAfter(allowed), { ...asked, caller })).toBe("NOT_GRANTEE");
    const report = {
      type: "ReportExecution",
      at,
      caller,
      outcome: "succeeded",
      outputDigest: "",
      message: undefined,
      sameMessage: false,
    } as const;
    given(...redeemed)
      .when(report)
      .thenRefused("NOT_GRANTEE");
    given(...inReview())
      .when(report)
      .thenRefused("NOT_GRANTEE");
    given(requested).when({ type: "CancelAction", at, caller, reason: undefined }).thenRefused("NOT_REQUESTER");
  });
});
