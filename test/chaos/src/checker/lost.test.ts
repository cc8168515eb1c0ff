import { create } from "@bufbuild/protobuf";
import * as events from "@countersign/proto/event/v1/action_events_pb";
import { describe, expect, it } from "vitest";
import type { Acknowledgement } from "../history.ts";
import { lostPromises } from "./lost.ts";
import { asked, claimedBy, editedBy, glassBrokenBy, granted, ledgerOf, REVIEW, REVIEWED, revoked, TOKEN, VOTED } from "./sample-ledger.ts";

describe("the checker of acknowledgements", () => {
  const told = (step: Acknowledgement["step"], version: number, status: string, more: Partial<Acknowledgement> = {}): Acknowledgement => ({
    step,
    version,
    status,
    intent: "r",
    client: "agent",
    actionId: "a",
    place: undefined,
    tokenDigest: undefined,
    ...more,
  });
  const ledger = ledgerOf({ a: REVIEWED });
  const tokenDigest = Buffer.from(TOKEN).toString("hex");

  it("finds nothing where the log says the same", () => {
    const right = [
      told("requested", 3, "IN_REVIEW"),
      told("approved", 4, "IN_REVIEW", { client: "ann" }),
      told("watched", 5, "IN_REVIEW"),
      told("decided", 6, "APPROVED", { tokenDigest }),
      told("redeemed", 7, "REDEEMED", { place: 8 }),
      told("reported", 8, "SUCCEEDED"),
    ];
    expect(lostPromises(ledger, right)).toEqual([]);
    const talked = ledgerOf({ a: [...REVIEW, asked(1), claimedBy("ann"), ...VOTED] });
    const question = told("commented", 4, "IN_REVIEW", { client: "ann question", place: 1 });
    expect(lostPromises(talked, [question, question, told("claimed", 5, "IN_REVIEW", { client: "ann" })])).toEqual([]);
    const edited = ledgerOf({ a: [...REVIEW, editedBy("ann"), { type: "EditAccepted", data: create(events.EditAcceptedSchema) }] });
    const right2 = [told("edited", 4, "EDITED", { client: "ann" }), told("accepted", 5, "EDITED")];
    expect(lostPromises(edited, right2)).toEqual([]);
    const emergency = ledgerOf({
      a: [...REVIEW, glassBrokenBy("ann"), granted(), revoked],
    });
    const right3 = [told("broke the glass", 5, "APPROVED", { client: "ann" }), told("cancelled", 6, "REVOKED")];
    expect(lostPromises(emergency, right3)).toEqual([]);
  });

  it.each<[string, readonly Acknowledgement[], string]>([
    ["a lost action", [told("requested", 3, "IN_REVIEW", { actionId: "b" })], "is not in the log"],
    ["a lost version", [told("decided", 9, "SUCCEEDED")], "version 9 is not in the log"],
    ["another status", [told("decided", 6, "REJECTED")], "was REJECTED, the log says APPROVED"],
    ["a lost vote", [told("approved", 5, "IN_REVIEW", { client: "eve" })], "no such vote"],
    ["a no that became a yes", [told("rejected", 5, "IN_REVIEW", { client: "ann" })], "no such vote"],
    ["a lost emergency", [told("broke the glass", 6, "APPROVED", { client: "ann" })], "no such emergency"],
    ["a lost edit", [told("edited", 5, "IN_REVIEW", { client: "ann" })], "no such edit"],
    ["a lost acceptance", [told("accepted", 5, "IN_REVIEW")], "no edit was accepted"],
    ["a lost withdrawal", [told("cancelled", 6, "APPROVED")], "nobody took it back"],
    ["a watch that told what never was", [told("watched", 5, "EDITED")], "was EDITED, the log says IN_REVIEW"],
    ["a token of no grant", [told("decided", 6, "APPROVED", { tokenDigest: "00" })], "its token is of no grant"],
    ["a token before its grant", [told("decided", 5, "IN_REVIEW", { tokenDigest })], "its token is of no grant"],
    ["a receipt for another place", [told("redeemed", 7, "REDEEMED", { place: 5 })], "no redemption at 5"],
    ["a lost report", [told("reported", 7, "REDEEMED")], "no such report"],
    [
      "a lost comment",
      [told("commented", 4, "IN_REVIEW", { client: "ann question", place: 1 })],
      "comment 1 is not in the log at version 4",
    ],
    ["a lost claim", [told("claimed", 4, "IN_REVIEW", { client: "ann" })], "no such claim"],
    [
      "two comments for one key",
      [1, 2].map((place) => told("commented", 4, "IN_REVIEW", { client: "ann question", place })),
      "commented twice: as number 1 and as number 2",
    ],
    ["another action", [told("requested", 3, "IN_REVIEW", { intent: "s" })], "the log has r there"],
    [
      "two actions for one key",
      [told("requested", 1, "REQUESTED"), told("requested", 1, "REQUESTED", { actionId: "b" })],
      "requested twice",
    ],
    ["two winners", ["x", "y"].map((client) => told("redeemed", 7, "REDEEMED", { place: 8, client })), "redeemed twice: x and y"],
  ])("finds %s", (_what, acknowledged, problem) => {
    expect(lostPromises(ledger, acknowledged).join("\n")).toContain(problem);
  });
});
