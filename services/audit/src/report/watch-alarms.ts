import type { EventReader, RecordedEvent } from "@countersign/event-log";
import { observe, type Logger } from "@countersign/telemetry";
import { alarmsOf } from "./findings.ts";
import { Histories, type ToReportEvent } from "./histories.ts";
import { remember } from "./history.ts";
import { ALARMS, KINDS, type KindName } from "./kinds.ts";

export type AlarmWatch = {
  /** Takes in events in the order of the log. An event that comes twice is told of twice; when it throws, nothing was told. */
  watch(events: readonly RecordedEvent[]): Promise<void>;
  /** Events may have been handled elsewhere since the last call of `watch`. */
  begin(): void;
  /** Alarms since the start, by kind. */
  readonly seen: ReadonlyMap<KindName, number>;
  close(): void;
};

/** Events that make an alarm, or that one is judged by, and an action's first one: whoever has seen that need not ask the log. */
export const WATCHED = [
  "ActionRequested",
  "GrantRedeemed",
  "GrantRevoked",
  "GrantExpired",
  "ExecutionReported",
  "ExecutionUnreported",
  "ReportRefused",
] as const;

const WATCHED_TYPES: ReadonlySet<string> = new Set(WATCHED);

/**
 * Tells of executions that do not add up as they happen: a line in the log of this program for each, and the gauge `countersign.audit.alarms` with how many there were,
 * by kind, since this instance began. `countersign alarms` lists them all.
 */
export function watchAlarms(log: EventReader & { readonly ledger: string }, toReportEvent: ToReportEvent, logger: Logger): AlarmWatch {
  const histories = new Histories(log, toReportEvent);
  const seen = new Map<KindName, number>(ALARMS.map((kind) => [kind, 0]));
  const stopObserving = observe(
    { "countersign.audit.alarms": { description: "Executions that did not add up, since this instance began" } },
    () => ({ "countersign.audit.alarms": [...seen].map(([kind, value]) => ({ value, attributes: { ledger: log.ledger, kind } })) }),
  );
  return {
    seen,
    begin: () => histories.forget(),
    watch: async (events) => {
      const found: { readonly kind: KindName; readonly tenant: string; readonly action: string | undefined; readonly position: number }[] =
        [];
      const watched = events
        .filter(({ type }) => WATCHED_TYPES.has(type))
        .map((recorded) => ({ recorded, event: toReportEvent(recorded) }));
      await histories.prepare(watched.map(({ recorded, event: { action } }) => ({ recorded, action })));
      for (const { recorded, event } of watched) {
        const history = await histories.before(recorded, event.action);
        for (const kind of alarmsOf(event, history)) {
          found.push({ kind, tenant: recorded.stream.tenant, action: event.action, position: event.position });
        }
        histories.keep(recorded, event.action, remember(history, event));
      }
      for (const alarm of found) {
        seen.set(alarm.kind, (seen.get(alarm.kind) ?? 0) + 1);
        logger.warn(alarm, `alarm: ${KINDS[alarm.kind].text}`);
      }
    },
    close: stopObserving,
  };
}
