import { createMemoryEventLog } from "@countersign/event-log/testing";
import { MsgHdrsImpl } from "@nats-io/transport-node";
import fc from "fast-check";
import { expect, it } from "vitest";
import { eventHeaders } from "./event-headers.ts";
import { appendTo } from "./test-events.ts";

it("are what the client itself would write, whatever the stream and the trace are called", async () => {
  const [event] = await appendTo(createMemoryEventLog({ ledger: "main" }), { id: "a1" }, ["ActionRequested"]);
  if (event === undefined) throw new Error("nothing was appended");
  const anything = fc.string({ unit: "binary", maxLength: 40 });
  fc.assert(
    fc.property(anything, anything, (id, traceparent) => {
      const headers = eventHeaders({ ...event, stream: { ...event.stream, id }, traceparent });
      if (!(headers instanceof MsgHdrsImpl)) throw new TypeError("not the client's own headers");
      const text = headers.encode();
      const read = MsgHdrsImpl.decode(text);
      expect(Buffer.from(text).equals(read.encode())).toBe(true);
      expect(read.keys()).toHaveLength(traceparent === "" ? 12 : 13);
      expect(decodeURIComponent(read.get("ce-subject"))).toBe(id.toWellFormed());
      expect(decodeURIComponent(read.get("traceparent"))).toBe(traceparent.toWellFormed());
      expect([read.get("ce-position"), read.get("Nats-Expected-Last-Sequence")]).toEqual(["0", "0"]);
    }),
  );
});
