import type { ConsumerDefinition } from "@countersign/bus";
import type { RecordedEvent } from "@countersign/event-log";
import type { ActionRef } from "../../usecases/ports.ts";
import { timerAfter } from "../../workflows/timers.ts";
import { fromRecordedEvent } from "../log/event-codec.ts";
import { clearTimers, setTimers, type ApprovalTables, type SetTimer } from "./timer-table.ts";

/** Events that set or clear a timer. */
const TYPES = [
  "ActionRequested",
  "VerdictReached",
  "ReviewOpened",
  "StageOpened",
  "ReviewerReminded",
  "ReviewEscalated",
  "ReviewHeld",
  "ActionEdited",
  "GrantIssued",
  "GrantRedeemed",
  "ActionRejected",
  "ActionExpired",
  "ActionCancelled",
  "GrantExpired",
  "GrantRevoked",
  "ExecutionReported",
  "ExecutionUnreported",
];

/** Keeps the timer table. The linger spares most actions that go fast a row: no timer is due within it. */
export function timerConsumer(ledger: string): ConsumerDefinition<ApprovalTables> {
  return {
    name: "approval.timers",
    types: TYPES,
    lingerMs: 250,
    handle: async (events, transaction) => {
      const { set, clear } = lastWord(events);
      await setTimers(transaction, ledger, set);
      await clearTimers(transaction, ledger, clear);
    },
  };
}

/** What a batch leaves of each action's timer. Read backwards: only the event that has the last word is decoded. */
export function lastWord(events: readonly RecordedEvent[]): { readonly set: readonly SetTimer[]; readonly clear: readonly ActionRef[] } {
  const settled = new Set<string>();
  const set: SetTimer[] = [];
  const clear: ActionRef[] = [];
  for (const event of events.toReversed()) {
    const { tenant, id, type } = event.stream;
    const key = `${tenant}\n${id}`;
    if (type !== "action" || settled.has(key)) continue;
    const timer = timerAfter(fromRecordedEvent(event));
    if (timer === "keep") continue;
    settled.add(key);
    if (timer === "clear") clear.push({ tenant, id });
    else set.push({ ...timer, ref: { tenant, id } });
  }
  return { set, clear };
}
