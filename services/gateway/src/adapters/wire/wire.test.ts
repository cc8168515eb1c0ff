import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ReadEventsResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { ActionSchema, ActionStateSchema, ActionStatus } from "@countersign/proto/v1/action_pb";
import {
  ActionService,
  GetActionResponseSchema,
  RedeemGrantResponseSchema,
  RequestActionResponseSchema,
  RequestAndWatchResponseSchema,
  WatchActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { StreamEventsResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { actionStateOf } from "./action-state.ts";
import { eventPageOf } from "./event-page.ts";
import { redemptionIn } from "./recorded.ts";
import { changed, requested } from "./told.ts";

const action = {
  id: "a1",
  tenant: "acme",
  status: ActionStatus.APPROVED,
  version: 12n,
  digest: new Uint8Array(32),
  input: { action: { name: "x" } },
};

describe("replies read without decoding them", () => {
  it("an action's id, status and version", () => {
    const reply = toBinary(GetActionResponseSchema, create(GetActionResponseSchema, { grantToken: "a.b.c", action }));
    const { input: _input, ...state } = action;
    const watched = toBinary(WatchActionResponseSchema, create(WatchActionResponseSchema, { grantToken: "a.b.c", action: state }));
    for (const each of [reply, watched]) expect(actionStateOf(each)).toEqual({ id: "a1", status: ActionStatus.APPROVED, version: 12 });
    expect(() => actionStateOf(new Uint8Array())).toThrow("holds no action");
  });

  it("what a redemption recorded", () => {
    const reply = toBinary(RedeemGrantResponseSchema, create(RedeemGrantResponseSchema, { actionId: "a1", version: 5n, position: 9n }));
    expect(redemptionIn(reply)).toEqual({ id: "a1", version: 5 });
    expect(() => redemptionIn(new Uint8Array())).toThrow("names no action");
  });

  it("an action's state has the fields of an action at the same numbers, and its own at others", () => {
    const numbers = new Map(ActionSchema.fields.map(({ name, number }) => [name, number]));
    const own = ActionStateSchema.fields.filter(({ name, number }) => numbers.get(name) !== number);
    expect(own.map(({ name }) => name)).toEqual(["edited_properties", "review", "deadline", "questions", "after_review"]);
    expect(own.every(({ number }) => ![...numbers.values()].includes(number))).toBe(true);
  });

  it("what RequestAndWatch tells is a reply of RequestAction or of WatchAction, however long", () => {
    for (const length of [0, 1, 100, 16_000, 3_000_000]) {
      const reply = create(RequestActionResponseSchema, { action: { id: "a1" }, grantToken: "t".repeat(length) });
      const change = create(WatchActionResponseSchema, { action: { id: "a1", version: 3n }, grantToken: "t".repeat(length) });
      const read = (bytes: Uint8Array) => fromBinary(RequestAndWatchResponseSchema, bytes).told;
      expect(read(requested(toBinary(RequestActionResponseSchema, reply)))).toEqual({ case: "requested", value: reply });
      expect(read(changed(toBinary(WatchActionResponseSchema, change)))).toEqual({ case: "changed", value: change });
    }
  });

  it("every other reply that a caller can have sealed holds the action or its state in its field 1", () => {
    const others = [...ActionService.methods, ...ReviewService.methods].filter(({ input }) => input.field["durability"] !== undefined);
    const kinds: readonly unknown[] = [ActionSchema, ActionStateSchema];
    const elsewhere = others.filter(({ output }) => !kinds.includes(output.fields.find(({ number }) => number === 1)?.message));
    expect(elsewhere.map(({ name }) => name)).toEqual(["RequestAndWatch", "RedeemGrant"]);
  });

  it("a reply of GetAction is one of RequestAction", () => {
    const reply = toBinary(GetActionResponseSchema, create(GetActionResponseSchema, { grantToken: "a.b.c", action }));
    const read = fromBinary(RequestActionResponseSchema, reply);
    expect([read.grantToken, read.action?.id, read.$unknown]).toEqual(["a.b.c", "a1", undefined]);
  });

  it("a page of events is so many messages of a stream", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ position: fc.bigInt(0n, 1n << 53n), type: fc.string(), entry: fc.uint8Array() })),
        fc.boolean(),
        (events, atHead) => {
          const page = eventPageOf(
            toBinary(ReadEventsResponseSchema, create(ReadEventsResponseSchema, { events, nextPosition: 77n, atHead })),
          );
          expect([page.nextPosition, page.atHead]).toEqual([77, atHead]);
          expect(page.messages.map((message) => fromBinary(StreamEventsResponseSchema, message).event?.position)).toEqual(
            events.map(({ position }) => position),
          );
        },
      ),
    );
  });
});
