import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError } from "@countersign/bus";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { ann, exporter, MINUTE, principal, T0, verdict } from "../../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../../testing/test-approval.ts";

let world: TestApproval;
let actionId: string;
/** Position of the vote. */
let voted: bigint;
beforeEach(async () => {
  world = await testApproval();
  // Another tenant's action comes first: positions are the ledger's.
  const input = exportInput;
  await world.call("RequestAction", { input, idempotencyKey: "k" }, principal("exporter", { tenant: "globex", roles: ["requester"] }));
  world.answer = verdict("review");
  world.now = T0 + MINUTE;
  const { action } = await world.call("RequestAction", { input, idempotencyKey: "k" });
  if (action === undefined) throw new Error("no action");
  actionId = action.id;
  voted = BigInt(await world.log.nextPosition());
  world.now = T0 + 2 * MINUTE;
  await world.call("SubmitVote", { ...shownOf(action), decision: { case: "approve", value: {} } }, ann);
});

const atPosition = async (value: bigint, caller = exporter) =>
  world.call("GetAction", { actionId, at: { moment: { case: "position", value } } }, caller);
const atTime = async (ms: number) => world.call("GetAction", { actionId, at: { moment: { case: "time", value: timestampFromMs(ms) } } });
const reason = (asked: Promise<unknown>): Promise<unknown> =>
  asked.catch((error: unknown) => (error instanceof CommandError ? error.code : error));

describe("P5: an action at a moment", () => {
  it("is what it was before a vote and after it, and never comes with a token", async () => {
    expect(await world.call("GetAction", { actionId })).toMatchObject({ action: { status: ActionStatus.APPROVED } });
    const before = await atPosition(voted - 1n);
    expect(before).toMatchObject({ action: { status: ActionStatus.IN_REVIEW }, grantToken: "" });
    const after = await atPosition(BigInt(await world.log.nextPosition()) - 1n);
    expect(after).toMatchObject({ action: { status: ActionStatus.APPROVED }, grantToken: "" });
    expect(await atTime(T0 + 2 * MINUTE - 1)).toEqual(before);
    expect(await atTime(T0 + 2 * MINUTE)).toEqual(after);
    expect(await atPosition(2n ** 50n)).toEqual(after);
  });

  it("is not found at a moment before it was requested", async () => {
    expect(await reason(atPosition(0n))).toBe("NOT_FOUND");
    expect(await reason(atTime(T0))).toBe("NOT_FOUND");
  });

  it("P8: is not found by another tenant, or by who may not read it now, at any moment", async () => {
    const last = BigInt(await world.log.nextPosition()) - 1n;
    for (const caller of [
      principal("exporter", { tenant: "globex", roles: ["requester"] }),
      principal("stranger", { roles: ["requester"] }),
    ])
      for (const position of [0n, voted - 1n, voted, last]) expect(await reason(atPosition(position, caller))).toBe("NOT_FOUND");
  });

  it("P7: refuses a moment that is none", async () => {
    expect(await reason(world.call("GetAction", { actionId, at: {} }))).toBe("INVALID_ARGUMENT");
    expect(await reason(atPosition(2n ** 53n))).toBe("INVALID_ARGUMENT");
  });
});
