import { create, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import type { CountersignError } from "@countersign/client";
import { AwaitSealRequestSchema, AwaitSealResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { ActionService, RedeemGrantResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { Durability } from "@countersign/proto/v1/durability_pb";
import { fromBinary } from "@bufbuild/protobuf";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { ASKED as input, PlayedAction } from "./testing/played-action.ts";

let fixture: GatewayFixture;
let action: PlayedAction;
beforeEach(async () => {
  fixture = await GatewayFixture.start();
  action = new PlayedAction();
  fixture.answers["RequestAction"] = action.request;
});
afterEach(() => fixture.close());

const request = async (durability: Durability, timeoutMs = 30_000) =>
  fixture
    .transport(await fixture.token(["requester"]))
    .unary(ActionService.method.requestAction, { input, idempotencyKey: "k", durability }, { timeoutMs });
const sealed = (value: boolean) => async () => toBinary(AwaitSealResponseSchema, create(AwaitSealResponseSchema, { sealed: value }));
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as CountersignError,
  );

describe("P6: a caller can wait until what it caused is sealed", () => {
  it("asks nobody when recorded is enough", async () => {
    for (const durability of [Durability.UNSPECIFIED, Durability.RECORDED]) await request(durability);
    expect(fixture.sent.map(({ method }) => method)).toEqual(["RequestAction", "RequestAction"]);
  });

  it("answers once the version is as firm as asked for, on behalf of the caller", async () => {
    fixture.answers["AwaitSeal"] = sealed(true);
    expect((await request(Durability.WITNESSED)).action?.id).toBe(action.id);
    const { command } = fixture.sent[1] ?? {};
    expect(command?.caller).toMatchObject({ tenant: "acme", id: "alice" });
    expect(fromBinary(AwaitSealRequestSchema, command?.request ?? new Uint8Array())).toMatchObject({
      actionId: action.id,
      version: 1n,
      witnessed: true,
    });
  });

  it("and so is a redemption, by the version in its receipt", async () => {
    fixture.answers["RedeemGrant"] = async () =>
      toBinary(RedeemGrantResponseSchema, create(RedeemGrantResponseSchema, { actionId: action.id, version: 5n, position: 4n }));
    const redeem = async (durability: Durability) =>
      fixture
        .transport(await fixture.token(["executor"]))
        .unary(
          ActionService.method.redeemGrant,
          { grantToken: "a.b.c", digest: new Uint8Array(32), idempotencyKey: "r", durability },
          { timeoutMs: 30_000 },
        );
    fixture.answers["AwaitSeal"] = sealed(true);
    expect(await redeem(Durability.SEALED)).toMatchObject({ actionId: action.id, version: 5n, position: 4n });
    const asked = fromBinary(AwaitSealRequestSchema, fixture.sent[1]?.command.request ?? new Uint8Array());
    expect(asked).toMatchObject({ actionId: action.id, version: 5n, witnessed: false });
    fixture.answers["AwaitSeal"] = sealed(false);
    expect(await failure(redeem(Durability.WITNESSED))).toMatchObject({
      reason: "NOT_SEALED",
      metadata: { recorded: "true", action_id: action.id, version: "5" },
    });
  });

  it("P7: when it is not sealed in time, or nobody seals, says so, and that it is recorded", async () => {
    const faults = [
      sealed(false),
      async () => {
        throw new CommandError("INTERNAL", "BUG", "no");
      },
    ];
    for (const fault of faults) {
      fixture.answers["AwaitSeal"] = fault;
      const error = await failure(request(Durability.SEALED));
      expect(error).toMatchObject({
        code: "DEADLINE_EXCEEDED",
        reason: "NOT_SEALED",
        metadata: { recorded: "true", action_id: action.id, version: "1" },
      });
    }
  });

  it("P7: a durability that is not known is refused before anything is recorded", async () => {
    const error = await failure(request(9 as Durability));
    expect(error).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "durability" }] });
    expect(fixture.sent).toEqual([]);
  });
});
