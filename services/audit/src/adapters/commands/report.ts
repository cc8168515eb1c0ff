import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { StreamHandler } from "@countersign/bus";
import type { EventLog } from "@countersign/event-log";
import {
  GetReportRequestSchema,
  GetReportResponseSchema,
  type ReportFindingSchema,
  type ReportResultSchema,
} from "@countersign/proto/v1/audit_service_pb";
import type { ComplianceReport, KindReport } from "../../report/compliance-report.ts";
import { KINDS } from "../../report/kinds.ts";
import { produceReport } from "../../report/produce-report.ts";
import { toReportEvent } from "../events/to-report-event.ts";
import { streamed } from "./streamed.ts";

/** Folds a period of the caller's tenant into a report. A message for each kind: what is found of one fits into a message, whatever the names are. */
export function getReport({ log, clock }: { readonly log: EventLog; readonly clock: () => Date }): StreamHandler {
  return streamed(GetReportRequestSchema, async function* (request, signal, { tenant }) {
    const now = clock();
    const from = request.from && timestampDate(request.from);
    const past = request.to === undefined || timestampDate(request.to) > now ? undefined : timestampDate(request.to);
    const to = past ?? now;
    const report = produceReport(log, tenant, { from, to: past }, toReportEvent);
    for (;;) {
      signal.throwIfAborted();
      const next = await report.next();
      if (next.done === true) {
        for (const kind of next.value.kinds) yield message({ case: "finding", value: toFinding(kind) });
        const period = { ...(from === undefined ? {} : { from: timestampFromDate(from) }), to: timestampFromDate(to) };
        yield message({ case: "result", value: { tenant, ledger: log.ledger, ...period, ...toResult(next.value) } });
        return;
      }
      const { position, done, total } = next.value;
      yield message({ case: "progress", value: { position: BigInt(position), done: BigInt(done), total: BigInt(total) } });
    }
  });
}

function toFinding({ kind, count, positions, lines, inNoLine }: KindReport): MessageInitShape<typeof ReportFindingSchema> {
  const { sections, text } = KINDS[kind];
  return {
    kind,
    sections: [...sections],
    text,
    count: BigInt(count),
    positions: positions.map(BigInt),
    lines: lines.map((line) => ({ ...line, count: BigInt(line.count), positions: line.positions.map(BigInt) })),
    inNoLine: BigInt(inNoLine),
  };
}

function toResult(report: ComplianceReport & { readonly events: number }): MessageInitShape<typeof ReportResultSchema> {
  const { events, first, last, latency, controls } = report;
  return {
    events: BigInt(events),
    ...(first === undefined ? {} : { firstPosition: BigInt(first) }),
    ...(last === undefined ? {} : { lastPosition: BigInt(last) }),
    latency: { count: BigInt(latency.count), p50Ms: BigInt(latency.p50), p95Ms: BigInt(latency.p95), maxMs: BigInt(latency.max) },
    controls: controls.map(({ framework, control, title, how, count, positions, kinds }) => ({
      framework,
      control,
      title,
      how,
      count: BigInt(count),
      positions: positions.map(BigInt),
      kinds: [...kinds],
    })),
  };
}

type Message = Exclude<MessageInitShape<typeof GetReportResponseSchema>["message"], undefined>;

function message(init: Message): Uint8Array {
  return toBinary(GetReportResponseSchema, create(GetReportResponseSchema, { message: init }));
}
