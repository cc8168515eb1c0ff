import { meaningOf, type Severity } from "./meaning.ts";
import { hex, type EventRecord, type Json, type JsonObject } from "./record.ts";

/** SeverityNumber of the OpenTelemetry log data model. */
const SEVERITIES: Readonly<Record<Severity, readonly [number: number, text: string]>> = {
  informational: [9, "INFO"],
  low: [10, "INFO2"],
  medium: [13, "WARN"],
  high: [17, "ERROR"],
};

/** One `ExportLogsServiceRequest` of OTLP/JSON 1.x a line, as the Collector's file receiver reads it. */
export function toOtelLogs(record: EventRecord): JsonObject {
  const [severityNumber, severityText] = SEVERITIES[meaningOf(record).severity];
  const nanoseconds = `${record.time.getTime()}000000`;
  const trace = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(record.traceparent);
  return {
    resourceLogs: [
      {
        resource: { attributes: attributes({ "service.name": "countersign", "countersign.ledger": record.ledger }) },
        scopeLogs: [
          {
            scope: { name: "countersign.events" },
            logRecords: [
              {
                timeUnixNano: nanoseconds,
                observedTimeUnixNano: nanoseconds,
                severityNumber,
                severityText,
                eventName: `countersign.${record.type}`,
                body: { stringValue: record.summary },
                attributes: attributes({
                  "countersign.tenant": record.tenant,
                  "countersign.position": record.position,
                  "countersign.tenant_sequence": record.tenantSequence,
                  "countersign.stream.type": record.stream.type,
                  "countersign.stream.id": record.stream.id,
                  "countersign.stream.version": record.streamVersion,
                  "countersign.event.id": record.id,
                  "countersign.leaf_hash": hex(record.leafHash),
                  ...(record.actor === undefined ? {} : { "user.id": record.actor.id, "countersign.actor.issuer": record.actor.issuer }),
                  ...(record.data === undefined ? {} : { "countersign.data": JSON.stringify(record.data) }),
                }),
                ...(trace === null ? {} : { traceId: trace[1] ?? "", spanId: trace[2] ?? "", flags: Number.parseInt(trace[3] ?? "0", 16) }),
              },
            ],
          },
        ],
      },
    ],
  };
}

/** KeyValue pairs; 64-bit integers are strings in OTLP/JSON. */
function attributes(values: Readonly<Record<string, string | number>>): Json {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
  }));
}
