import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { StreamHandler } from "@countersign/bus";
import { readEnd, type EventLog } from "@countersign/event-log";
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
import { streamed, withResult } from "./streamed.ts";

/** Folds a period of the caller's tenant into a report. A message for each kind: what is found of one fits into a message, whatever the names are. */
export function getReport({ log, clock }: { readonly log: EventLog; readonly clock: () => Date }): StreamHandler {
  return streamed(GetReportRequestSchema, GetReportResponseSchema, async function* ({ from, to }, signal, { tenant }) {
    const now = clock();
    const [begin, end] = [from && timestampDate(from), readEnd(to, now)];
    for await (const said of withResult(produceReport(log, tenant, { from: begin, to: end }, toReportEvent))) {
      signal.throwIfAborted();
      if ("result" in said) {
        for (const kind of said.result.kinds) yield { message: { case: "finding" as const, value: toFinding(kind) } };
        const period = { ...(begin && { from: timestampFromDate(begin) }), to: timestampFromDate(end ?? now) };
        yield { message: { case: "result" as const, value: { tenant, ledger: log.ledger, ...period, ...toResult(said.result) } } };
      } else {
        const { position, done, total } = said;
        yield { message: { case: "progress" as const, value: { position: BigInt(position), done: BigInt(done), total: BigInt(total) } } };
      }
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
