import { expect, it } from "vitest";
import { toCloudEvent } from "./cloud-events.ts";
import { toOtelLogs } from "./otel-logs.ts";
import { record } from "./testing/records.ts";

it("CloudEvents: required attributes, extension names in lower case, no attribute that is not a simple value", () => {
  const event = toCloudEvent(record("VoteCast", { digest: "AAAA" }));
  expect(event).toMatchObject({
    specversion: "1.0",
    id: "0192f0c1-0000-7000-8000-00000000beef",
    source: "/countersign/main",
    type: "dev.countersign.VoteCast",
  });
  for (const [name, value] of Object.entries(event)) {
    expect(name).toMatch(/^[a-z0-9]{1,20}$/);
    if (name !== "data") expect(typeof value).toBe("string");
  }
});

it("OTLP/JSON: times and integers are strings, the trace is the request's own", () => {
  expect(toOtelLogs(record("VoteCast"))).toMatchObject({
    resourceLogs: [
      {
        scopeLogs: [
          {
            logRecords: [
              {
                timeUnixNano: "1772366400123000000",
                severityNumber: 9,
                traceId: "0af7651916cd43dd8448eb211c80319c",
                spanId: "b7ad6b7169203331",
                flags: 1,
              },
            ],
          },
        ],
      },
    ],
  });
  expect(JSON.stringify(toOtelLogs(record("VoteCast")))).toContain('{"key":"countersign.position","value":{"intValue":"4711"}}');
});
