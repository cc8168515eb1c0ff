import type { DescMessage, DescMethod, JsonObject, MessageInitShape } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ActionService, type RequestActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ROLES } from "./access.ts";
import { badRequests, good, ID, UNKNOWN } from "./testing/bad-requests.ts";
import { GatewayFixture, type Outcome } from "./testing/gateway-fixture.ts";

const { method: actions } = ActionService;
const { method: reviews } = ReviewService;
const { method: audits } = AuditService;

let fixture: GatewayFixture;
let authorization: string;

beforeAll(async () => {
  fixture = await GatewayFixture.start();
  authorization = `Bearer ${await fixture.token(ROLES)}`;
});
beforeEach(() => void fixture.sent.splice(0));
afterAll(() => fixture.close());

const fields = ({ error }: Outcome) => error?.violations.map(({ field }) => field);
type Init = Exclude<MessageInitShape<typeof RequestActionRequestSchema>, { $typeName: string }>;
const request = (changes: Init = {}) =>
  fixture.call(actions.requestAction, fixture.bytes(actions.requestAction, { input: good, idempotencyKey: "k1", ...changes }), {
    authorization,
  });
/** The same asked of the call that goes on as a watch. */
const requestAndWatch = (changes: Init = {}) =>
  fixture.call(actions.requestAndWatch, fixture.bytes(actions.requestAndWatch, { input: good, idempotencyKey: "k1", ...changes }), {
    authorization,
  });
const withProperties = (properties: JsonObject) => request({ input: { ...good, action: { name: "db.export", properties } } });
const nested = (depth: number): JsonObject => (depth === 1 ? {} : { n: nested(depth - 1) });

/** A field of type message or bytes. */
const field = (no: number, bytes: Uint8Array) => new BinaryWriter().tag(no, WireType.LengthDelimited).bytes(bytes).finish();
const join = (...parts: Uint8Array[]) => Buffer.concat(parts);

describe("a good request", () => {
  it("reaches the service byte for byte, with the verified caller and the trace", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    // An unknown field, as a newer client would send it.
    const bytes = join(fixture.bytes(actions.requestAction, { input: good, idempotencyKey: "k1" }), field(99, Buffer.from("new")));
    fixture.answers["RequestAction"] = async () => Uint8Array.from([0xff, 0x00, 0xfe]);
    expect(await fixture.call(actions.requestAction, bytes, { authorization, traceparent })).toMatchObject({
      code: "OK",
      reply: Buffer.from([0xff, 0x00, 0xfe]),
    });
    expect(fixture.sent).toMatchObject([
      {
        service: "approval",
        method: "RequestAction",
        command: { traceparent, caller: { id: "alice", tenant: "acme", roles: [...ROLES] } },
      },
    ]);
    expect(Buffer.from(fixture.sent[0]!.command.request)).toEqual(bytes);
    delete fixture.answers["RequestAction"];
  });

  it.each([32, 31])("may nest %i deep", async (depth) => {
    expect(await withProperties(nested(depth))).toMatchObject({ code: "OK" });
  });

  it("does not pass on a trace context that is none", async () => {
    await fixture.call(actions.requestAction, fixture.bytes(actions.requestAction, { input: good, idempotencyKey: "k1" }), {
      authorization,
      traceparent: "nonsense",
    });
    expect(fixture.sent[0]?.command.traceparent).toBe("");
  });
});

describe("P7: a bad request changes nothing and says what is wrong", () => {
  const expectRefused = (outcome: Outcome, violations: readonly string[] | undefined, reason = "FIELD_VIOLATION") => {
    expect(outcome).toMatchObject({ code: "INVALID_ARGUMENT", error: { reason } });
    if (violations !== undefined) expect(fields(outcome)).toEqual(violations);
    expect(fixture.sent).toEqual([]);
  };

  it.each<[string, () => Uint8Array]>([
    ["bytes that are no protobuf", () => Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ["a length beyond the end", () => Uint8Array.from([0x0a, 0x7f, 0x01])],
    ["a truncated message", () => fixture.bytes(actions.requestAction, { input: good, idempotencyKey: "k1" }).subarray(0, 20)],
    [
      "invalid UTF-8 in a field",
      () => join(fixture.bytes(actions.requestAction, { input: good }), field(2, Uint8Array.from([0x6b, 0xff, 0xfe]))),
    ],
    [
      "invalid UTF-8 in a JSON string",
      () =>
        field(
          1,
          field(
            2,
            join(
              field(1, Buffer.from("db.export")),
              field(2, field(1, join(field(1, Buffer.from("k")), field(2, field(3, Uint8Array.from([0xc3, 0x28])))))),
            ),
          ),
        ),
    ],
    [
      "invalid UTF-8 in a JSON member's name",
      () => field(1, field(2, field(2, field(1, join(field(1, Uint8Array.from([0xff])), field(2, field(3, Buffer.from("v")))))))),
    ],
    [
      "JSON nested without end",
      () => {
        let value = field(3, Buffer.from("end"));
        for (let depth = 0; depth < 1200; depth += 1) value = field(6, field(1, value));
        return field(1, field(4, field(1, join(field(1, Buffer.from("k")), field(2, value)))));
      },
    ],
  ])("%s: MALFORMED", async (_what, bytes) => {
    for (const method of [actions.requestAction, actions.requestAndWatch])
      expectRefused(await fixture.call(method, bytes(), { authorization }), [], "MALFORMED");
  });

  it("an empty request: every missing field at once", async () => {
    expectRefused(await fixture.call(actions.requestAction, new Uint8Array(), { authorization }), ["input", "idempotency_key"]);
    expectRefused(await request({ input: {} }), ["input.action", "input.resource"]);
    expectRefused(await fixture.call(actions.requestAndWatch, new Uint8Array(), { authorization }), ["input", "idempotency_key"]);
    expectRefused(await requestAndWatch({ durability: UNKNOWN }), ["durability"]);
  });

  it.each<[string, Init, string[]]>([
    [
      "empty names",
      { input: { subject: {}, action: {}, resource: {} } },
      ["input.subject.type", "input.subject.id", "input.action.name", "input.resource.type", "input.resource.id"],
    ],
    ["an action name with spaces", { input: { ...good, action: { name: "db export" } } }, ["input.action.name"]],
    ["an action name in capitals", { input: { ...good, action: { name: "DB.export" } } }, ["input.action.name"]],
    ["an action name that ends in a dot", { input: { ...good, action: { name: "db." } } }, ["input.action.name"]],
    ["an action name of 129 characters", { input: { ...good, action: { name: "x".repeat(129) } } }, ["input.action.name"]],
    ["a type of 65 characters", { input: { ...good, resource: { type: "x".repeat(65), id: "crm" } } }, ["input.resource.type"]],
    ["an id of 257 characters", { input: { ...good, resource: { type: "db", id: "x".repeat(257) } } }, ["input.resource.id"]],
    ["a line break in an id", { input: { ...good, resource: { type: "db", id: "crm\napproved by: root" } } }, ["input.resource.id"]],
    ["no idempotency key", { idempotencyKey: "" }, ["idempotency_key"]],
    ["an idempotency key of 129 characters", { idempotencyKey: "k".repeat(129) }, ["idempotency_key"]],
    ["an idempotency key that is not printable", { idempotencyKey: "k\u0007" }, ["idempotency_key"]],
    ["an idempotency key that is not ASCII", { idempotencyKey: "kéy" }, ["idempotency_key"]],
    ["a negative wait", { wait: { seconds: -1n } }, ["wait"]],
    ["a wait of more than 300 s", { wait: { seconds: 300n, nanos: 1 } }, ["wait"]],
    ["a wait that is no duration", { wait: { seconds: 1n, nanos: 1_000_000_000 } }, ["wait"]],
  ])("%s", async (_what, changes, violations) => {
    expectRefused(await request(changes), violations);
    if (changes.wait === undefined) expectRefused(await requestAndWatch(changes), violations);
  });

  it.each<[string, JsonObject, string[]]>([
    ["a number that is none", { limits: [1, Number.NaN] }, ["input.action.properties.limits[1]"]],
    ["an infinite number", { limit: Infinity }, ["input.action.properties.limit"]],
    [
      "a whole number that may have been another: P1",
      { accounts: [9_007_199_254_740_991, 9_007_199_254_740_992] },
      ["input.action.properties.accounts[1]"],
    ],
    ["a negative one", { balance: -1e300 }, ["input.action.properties.balance"]],
    ["33 levels", nested(33), [`input.action.properties${".n".repeat(32)}`]],
    ["a member named __proto__", JSON.parse('{"a":{"__proto__":{"x":1}}}') as JsonObject, ["input.action.properties.a"]],
    ["more than 128 KiB", { text: "x".repeat(131_072) }, ["input"]],
    ["more than 128 KiB once it is escaped", { text: "\u0001".repeat(30_000) }, ["input"]],
  ])("JSON with %s", async (_what, properties, violations) => {
    expectRefused(await withProperties(properties), violations);
  });

  it("a path as long as the caller likes, shortened", async () => {
    const outcome = await withProperties({ ["k".repeat(50_000)]: Number.NaN });
    expectRefused(outcome, undefined);
    expect(fields(outcome)?.[0]?.length).toBeLessThan(200);
  });

  it("a message beyond the limit: RESOURCE_EXHAUSTED, TOO_LARGE", async () => {
    const outcome = await withProperties({ text: "x".repeat(600_000) });
    expect(outcome).toMatchObject({ code: "RESOURCE_EXHAUSTED", error: { reason: "TOO_LARGE" } });
    expect(await withProperties({ text: "x".repeat(3_000_000) })).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(fixture.sent).toEqual([]);
  });

  const badUuids = ["", "1", ID.toUpperCase().replace("0", "A"), `${ID} `, "0190a0b0-0000-7000-8000-00000000000g", "../../x"];
  it.each(badUuids)("an action id that is none (%j)", async (actionId) => {
    expectRefused(await send(actions.getAction, { actionId }), ["action_id"]);
    expectRefused(await send(actions.cancelAction, { actionId }), ["action_id"]);
    expectRefused(await send(reviews.getReview, { actionId }), ["action_id"]);
    expectRefused(await send(audits.getTimeline, { actionId }), ["action_id"]);
  });

  it.each(badRequests(send))("%s", async (_what, call, violations) => {
    expectRefused(await call(), violations);
  });

  it("StreamEvents with an unknown event type", async () => {
    const stream = fixture
      .transport(await fixture.token(["auditor"]))
      .stream(audits.streamEvents, { types: ["VoteCast", "NoSuchEvent"], fromPosition: 1n << 60n });
    const read = async () => {
      for await (const { event } of stream) throw new Error(`an event came: ${event?.type}`);
    };
    await expect(read()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      violations: [{ field: "from_position" }, { field: "types[1]" }],
    });
    expect(fixture.sent).toEqual([]);
  });

  it("names the known values of an enum", async () => {
    const { error } = await send(actions.reportExecution, { actionId: ID, outcome: UNKNOWN });
    expect(error?.violations[0]?.description).toContain("EXECUTION_OUTCOME_SUCCEEDED");
  });
});

async function send<Input extends DescMessage>(
  method: DescMethod & { readonly input: Input },
  message: MessageInitShape<Input>,
): Promise<Outcome> {
  return fixture.call(method, fixture.bytes(method, message), { authorization });
}
