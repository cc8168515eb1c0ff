import { create, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { statusName } from "@countersign/client";
import { AwaitSealResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { ActionService, type RequestAndWatchResponse } from "@countersign/proto/v1/action_service_pb";
import { Durability } from "@countersign/proto/v1/durability_pb";
import { until } from "@countersign/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { listen } from "./testing/listen.ts";
import { ASKED as input, PlayedAction } from "./testing/played-action.ts";

const { method } = ActionService;
const GRANT = "a.grant.token";

let fixture: GatewayFixture;
let action: PlayedAction;
let elapsed = 0;

beforeEach(async () => {
  elapsed = 0;
  fixture = await GatewayFixture.start(
    { COUNTERSIGN_RECHECK_INTERVAL: "60s", COUNTERSIGN_MAX_WATCHES_PER_TENANT: "2" },
    () => new Date(Date.now() + elapsed),
  );
  action = new PlayedAction();
  action.answer(fixture.answers);
});
afterEach(() => fixture.close());

/** What is told, as `status version token`, and how it ends. */
async function asking(options: { durability?: Durability; lifetimeSeconds?: number } = {}) {
  const { durability = Durability.UNSPECIFIED, lifetimeSeconds = 60 } = options;
  const transport = fixture.transport(await fixture.token(["requester"], { lifetimeSeconds }));
  return listen((signal) => transport.stream(method.requestAndWatch, { input, idempotencyKey: "k", durability }, { signal }), line);
}

function line({ told }: RequestAndWatchResponse): string {
  const { action: now, grantToken } = told.value ?? {};
  return `${told.case} ${statusName(now?.status ?? 0)} ${now?.version} ${grantToken}`.trim();
}

const move = (status: ActionStatus) => {
  action.moveTo(status);
  fixture.feed.say("acme", action.id, action.version);
};
/** What was read for a watch: as new as this at least. */
const reads = () => fixture.sent.filter(({ method: name }) => name === "WatchAction").map(({ command }) => Number(command.knownVersion));

describe("RequestAndWatch", () => {
  it.each([
    [ActionStatus.APPROVED, `requested APPROVED 1 ${GRANT}`],
    [ActionStatus.DENIED, "requested DENIED 1"],
    [ActionStatus.EDITED, "requested EDITED 1"],
  ])(
    "tells what is decided already and ends (%i): it waits for nobody, so that it needs no place among those who do",
    async (status, only) => {
      const waiting = [await asking(), await asking()];
      await until(() => waiting.every(({ told }) => told.length === 1));
      const another = new PlayedAction();
      another.moveTo(status, 1);
      fixture.answers["RequestAndWatch"] = another.request;
      const { told, ended } = await asking();
      expect([await ended, told]).toEqual(["OK", [only]]);
      for (const { abort } of waiting) abort.abort();
    },
  );

  it("goes on until it is decided, and asks as its caller every time", async () => {
    const { told, ended } = await asking();
    await until(() => told.length === 1);
    move(ActionStatus.IN_REVIEW);
    await until(() => told.length === 2);
    move(ActionStatus.APPROVED);
    expect(await ended).toBe("OK");
    expect(told).toEqual(["requested IN_REVIEW 1", "changed IN_REVIEW 2", `changed APPROVED 3 ${GRANT}`]);
    expect(new Set(fixture.sent.map(({ command }) => `${command.caller?.tenant} ${command.caller?.id}`))).toEqual(new Set(["acme alice"]));
  });

  it.each([ActionStatus.EDITED, ActionStatus.REJECTED, ActionStatus.EXPIRED, ActionStatus.CANCELLED])(
    "P1: ends with status %i, and without a token",
    async (status) => {
      const { told, ended } = await asking();
      await until(() => told.length === 1);
      move(status);
      expect([await ended, told.at(-1)]).toEqual(["OK", `changed ${statusName(status)} 2`]);
    },
  );

  it("P7: hears what happens before the first message is sent, and reads nothing before", async () => {
    fixture.answers["AwaitSeal"] = async () => {
      // Nobody has seen the first message yet.
      move(ActionStatus.APPROVED);
      return toBinary(AwaitSealResponseSchema, create(AwaitSealResponseSchema, { sealed: true }));
    };
    const { told, ended } = await asking({ durability: Durability.SEALED });
    expect([await ended, told]).toEqual(["OK", ["requested IN_REVIEW 1", `changed APPROVED 2 ${GRANT}`]]);
    // One look, for what was heard of.
    expect(reads()).toEqual([2]);
  });

  it("P7: finds out what happened before it listened, although nobody says so", async () => {
    fixture.answers["RequestAndWatch"] = async (command) => {
      const reply = await action.request(command);
      action.moveTo(ActionStatus.REJECTED);
      return reply;
    };
    const { told, ended } = await asking();
    expect([await ended, told, reads()]).toEqual(["OK", ["requested IN_REVIEW 1", "changed REJECTED 2"], [0]]);
  });

  it("P4: tells what was recorded when there is no room to wait, and then that there is none", async () => {
    const others = [await asking(), await asking()];
    await until(() => others.every(({ told }) => told.length === 1));
    const { told, ended } = await asking();
    expect([await ended, told]).toEqual(["RESOURCE_EXHAUSTED WATCH_QUOTA", ["requested IN_REVIEW 1"]]);
    // Who would rather hear nothing than what is not sealed is told that it is recorded.
    fixture.answers["AwaitSeal"] = async () => {
      throw new Error("is not asked");
    };
    expect(await (await asking({ durability: Durability.SEALED })).ended).toBe("DEADLINE_EXCEEDED NOT_SEALED");
    const transport = fixture.transport(await fixture.token(["requester"]));
    const unary = transport.unary(method.requestAction, { input, idempotencyKey: "k", durability: Durability.SEALED });
    await expect(unary).rejects.toMatchObject({ reason: "NOT_SEALED", metadata: { recorded: "true", action_id: action.id } });
    for (const { abort } of others) abort.abort();
  });

  it("tells nothing that is not as firm as asked for, but that it is recorded", async () => {
    fixture.answers["AwaitSeal"] = async () => toBinary(AwaitSealResponseSchema, create(AwaitSealResponseSchema, { sealed: false }));
    const { told, ended } = await asking({ durability: Durability.WITNESSED });
    expect([await ended, told]).toEqual(["DEADLINE_EXCEEDED NOT_SEALED", []]);
  });

  it("P7: ends when the token has expired", async () => {
    const { told, ended } = await asking({ lifetimeSeconds: 10 });
    await until(() => told.length === 1);
    elapsed = 41_000;
    fixture.feed.say("acme", action.id, 2);
    expect([await ended, told.length]).toEqual(["UNAUTHENTICATED TOKEN_EXPIRED", 1]);
  });

  it("ends with UNAVAILABLE when the gateway closes, so that the caller goes on elsewhere", async () => {
    const { told, ended } = await asking();
    await until(() => told.length === 1);
    await fixture.gateway.close();
    expect(await ended).toBe("UNAVAILABLE SHUTTING_DOWN");
  });

  it("is refused as RequestAction is: then nothing was recorded, and nothing is told", async () => {
    fixture.answers["RequestAndWatch"] = async () => {
      throw new CommandError("RESOURCE_EXHAUSTED", "ASKED_TOO_OFTEN", "no", { metadata: { action_id: action.id } });
    };
    const { told, ended } = await asking();
    expect([await ended, told]).toEqual(["RESOURCE_EXHAUSTED ASKED_TOO_OFTEN", []]);
  });

  it("goes on by the same key when approval was away for a moment", async () => {
    fixture.answers["WatchAction"] = async () => {
      throw new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "no");
    };
    const broken = await asking();
    await until(() => broken.told.length === 1);
    fixture.feed.say("acme", action.id, 2);
    expect(await broken.ended).toBe("UNAVAILABLE LOG_UNREACHABLE");
    fixture.answers["WatchAction"] = action.watch;
    const again = await asking();
    await until(() => again.told.length === 1);
    move(ActionStatus.APPROVED);
    expect([await again.ended, again.told]).toEqual(["OK", ["requested IN_REVIEW 1", `changed APPROVED 2 ${GRANT}`]]);
    expect(await (await asking()).ended).toBe("OK");
  });
});
