import { currentTraceparent } from "@countersign/telemetry";
import { recordSpans } from "@countersign/telemetry/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AppendRequest, EventLog } from "./event-log.ts";
import { observedEventLog } from "./observed-event-log.ts";

const REQUEST = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const VOTE = "00-11112222333344445555666677778888-0123456789abcdef-01";
const FIRST: AppendRequest = {
  stream: { tenant: "acme", type: "action", id: "a-1" },
  expectedVersion: 0,
  events: [],
  time: new Date(0),
  traceparent: REQUEST,
};

let recorded: ReturnType<typeof recordSpans>;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.close());

function logThat(append: EventLog["append"]): EventLog {
  const unused = (): never => {
    throw new Error("not asked for here");
  };
  return observedEventLog({ append, readStream: unused } as unknown as EventLog);
}

describe("an append", () => {
  it("is a span of the trace that asked for it, and links to the one that its action began in", async () => {
    const log = logThat(async () => ({ outcome: "appended", events: [] }));
    await log.append(FIRST);
    await log.append({ ...FIRST, expectedVersion: 1, traceparent: VOTE });
    const [asked, voted] = recorded.spans();
    expect(asked).toMatchObject({
      name: "append action",
      parentSpanContext: { spanId: "b7ad6b7169203331" },
      links: [],
      status: { code: 0 },
    });
    expect(asked?.attributes).toEqual({ "db.system.name": "postgresql", "countersign.stream.id": "a-1" });
    expect(voted?.spanContext().traceId).toBe("11112222333344445555666677778888");
    expect(voted?.links.map(({ context }) => context.traceId)).toEqual(["0af7651916cd43dd8448eb211c80319c"]);
  });

  it("that fails says how, and no more", async () => {
    const log = logThat(() => Promise.reject(new TypeError("content that nobody may read")));
    await expect(log.append(FIRST)).rejects.toThrow(TypeError);
    expect(recorded.spans()).toMatchObject([{ status: { code: 2 }, attributes: { "error.type": "TypeError" }, events: [] }]);
  });

  it("is not what the work of others in its transaction becomes part of", async () => {
    const within: string[] = [];
    const log = logThat(async () => {
      within.push(currentTraceparent());
      return { outcome: "appended", events: [] };
    });
    await log.append(FIRST);
    expect(within).toEqual([""]);
  });
});
