import { pagesOf, stretchOf, type TenantReader } from "@countersign/event-log";
import { ReportFold, type ComplianceReport } from "./compliance-report.ts";
import { Histories, type ToReportEvent } from "./histories.ts";

export type ReportProgress = { readonly position: number; readonly done: number; readonly total: number };

/** How many events lie between two words on how far it is. */
const PROGRESS_EVERY = 5000;

/** Reads a tenant's period once, a page at a time, and folds it. The same period gives the same report, whenever it is asked for. */
export async function* produceReport(
  log: TenantReader,
  tenant: string,
  period: { readonly from: Date | undefined; readonly to: Date | undefined },
  toReportEvent: ToReportEvent,
): AsyncGenerator<ReportProgress, ComplianceReport & { readonly events: number }> {
  const stretch = await stretchOf(log, tenant, { ...period, before: Number.MAX_SAFE_INTEGER });
  const total = stretch.last - stretch.first + 1;
  const histories = new Histories(log, toReportEvent);
  const fold = new ReportFold();
  let done = 0;
  for await (const page of pagesOf(log, tenant, stretch)) {
    for (const recorded of page) {
      const event = toReportEvent(recorded);
      histories.keep(recorded, event.action, fold.add(event, await histories.before(recorded, event.action)));
      done += 1;
      if (done % PROGRESS_EVERY === 0) yield { position: event.position, done, total };
    }
  }
  return { ...fold.report(), events: done };
}
