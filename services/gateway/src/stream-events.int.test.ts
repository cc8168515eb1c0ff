import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { type ReadEventsRequest, ReadEventsRequestSchema, ReadEventsResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { AuditService, type StreamEventsRequestSchema } from "@countersign/proto/v1/audit_service_pb";
import { until } from "@countersign/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GatewayFixture } from "./testing/gateway-fixture.ts";
import { listen } from "./testing/listen.ts";

const { method } = AuditService;

let fixture: GatewayFixture;
/** Positions of the caller's tenant; others are between them. */
let log: number[];
let asked: ReadEventsRequest[];
let head: number;

beforeEach(async () => {
  fixture = await GatewayFixture.start();
  [log, asked, head] = [[2, 3, 5, 8], [], 9];
  fixture.answers["ReadEvents"] = async ({ request }) => {
    const page = fromBinary(ReadEventsRequestSchema, request);
    asked.push(page);
    const rest = log.filter((position) => position >= Number(page.fromPosition));
    const found = rest.slice(0, page.limit);
    const atHead = found.length === rest.length;
    const nextPosition = BigInt(atHead ? head : (found.at(-1) ?? 0) + 1);
    const events = found.map((position) => ({ position: BigInt(position), type: "VoteCast", entry: new Uint8Array(position) }));
    return toBinary(ReadEventsResponseSchema, create(ReadEventsResponseSchema, { events, nextPosition, atHead }));
  };
});
afterEach(() => fixture.close());

const open = async (request: MessageInitShape<typeof StreamEventsRequestSchema>) => {
  const transport = fixture.transport(await fixture.token(["auditor"]));
  const { told: seen, ...rest } = listen(
    (signal) => transport.stream(method.streamEvents, request, { signal }),
    ({ event }) => {
      expect(event?.entry).toHaveLength(Number(event?.position));
      return Number(event?.position);
    },
  );
  return { seen, ...rest };
};
const record = (position: number) => {
  log.push(position);
  head = position + 1;
};

describe("StreamEvents", () => {
  it("sends what there is from a position on, and ends", async () => {
    const { seen, ended } = await open({ fromPosition: 3n });
    expect(await ended).toBe("OK");
    expect(seen).toEqual([3, 5, 8]);
  });

  it("P8: ends when what is read for it and not taken yet is more than a tenant's part of the memory", async () => {
    const page = toBinary(
      ReadEventsResponseSchema,
      create(ReadEventsResponseSchema, { events: [{ entry: new Uint8Array(65 * 1024 * 1024) }] }),
    );
    fixture.answers["ReadEvents"] = async () => page;
    const { seen, ended } = await open({});
    expect([await ended, seen]).toEqual(["RESOURCE_EXHAUSTED OVERLOADED", []]);
  });

  it("goes through as many pages as it takes", async () => {
    log = Array.from({ length: 450 }, (_, index) => index);
    head = 450;
    const { seen, ended } = await open({});
    expect(await ended).toBe("OK");
    expect(seen).toEqual(log);
    expect(asked.map(({ fromPosition, limit }) => [fromPosition, limit])).toEqual([
      [0n, 200],
      [200n, 200],
      [400n, 200],
    ]);
  });

  it("P7: sends what is sound, then says that the log is corrupt and where, whether it follows or not", async () => {
    const events = [2, 3].map((position) => ({ position: BigInt(position), entry: new Uint8Array(position) }));
    const sound = toBinary(ReadEventsResponseSchema, create(ReadEventsResponseSchema, { events, nextPosition: 4n }));
    fixture.answers["ReadEvents"] = async ({ request }) => {
      if (fromBinary(ReadEventsRequestSchema, request).fromPosition < 4n) return sound;
      throw new CommandError("DATA_LOSS", "LOG_CORRUPT", "no", { metadata: { position: "4" } });
    };
    for (const follow of [false, true]) {
      const { seen, ended } = await open({ follow });
      expect([await ended, seen]).toEqual(["DATA_LOSS LOG_CORRUPT", [2, 3]]);
    }
  });

  it("stops after so many", async () => {
    const { seen, ended } = await open({ limit: 3n, follow: true });
    expect(await ended).toBe("OK");
    expect(seen).toEqual([2, 3, 5]);
  });

  it("passes the filters on and asks as the caller", async () => {
    await (
      await open({ types: ["VoteCast"], streamId: "default" })
    ).ended;
    expect(asked[0]?.selection).toMatchObject({ types: ["VoteCast"], streamId: "default" });
    expect(fixture.sent[0]?.command.caller).toMatchObject({ tenant: "acme", roles: ["auditor"] });
  });

  it("follows: at once when the feed says so, and soon when it does not", async () => {
    const { seen, abort, ended } = await open({ fromPosition: 5n, follow: true });
    await until(() => seen.length === 2);
    record(9);
    fixture.feed.say("acme", "x", 1, { position: 9 });
    await until(() => seen.length === 3);
    expect(asked.length).toBeLessThan(4);
    record(11);
    await until(() => seen.length === 4);
    expect(seen).toEqual([5, 8, 9, 11]);
    const other = await open({ fromPosition: 12n, follow: true });
    abort.abort();
    await ended;
    // As soon as the gateway has heard that the one hung up, only the other one looks when something is heard of.
    await vi.waitFor(
      async () => {
        const [before, position] = [asked.length, head];
        record(position);
        fixture.feed.say("acme", "x", 1, { position });
        await until(() => other.seen.at(-1) === position);
        expect(asked.length - before).toBe(1);
      },
      { timeout: 20_000, interval: 2 },
    );
    other.abort.abort();
    await other.ended;
  });

  it("P8: each open stream counts against its own tenant, whatever it is doing", async () => {
    await fixture.close();
    fixture = await GatewayFixture.start({ COUNTERSIGN_MAX_WATCHES_PER_TENANT: "1", COUNTERSIGN_DRAIN_TIME: "100ms" });
    fixture.answers["ReadEvents"] = () => new Promise(() => {});
    const held = await open({});
    await until(() => fixture.sent.length === 1);
    expect(await (await open({})).ended).toBe("RESOURCE_EXHAUSTED WATCH_QUOTA");
    const other = fixture.transport(await fixture.token(["auditor"], { tenant: "other" })).stream(method.streamEvents, {});
    const reading = other[Symbol.asyncIterator]()
      .next()
      .catch(() => {});
    await until(() => fixture.sent.length === 2);
    held.abort.abort();
    expect(await held.ended).toBe("CANCELLED");
    await fixture.close();
    await reading;
    fixture = await GatewayFixture.start();
  });

  it("ends with UNAVAILABLE when the gateway closes; resuming loses and repeats nothing", async () => {
    const first = await open({ follow: true });
    await until(() => first.seen.length === 4);
    await fixture.gateway.close();
    expect(await first.ended).toBe("UNAVAILABLE SHUTTING_DOWN");
    expect(first.seen).toEqual([2, 3, 5, 8]);
  });
});
