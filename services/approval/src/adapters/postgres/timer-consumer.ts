import type { ConsumerDefinition } from "@countersign/bus";
import type { RecordedEvent } from "@countersign/event-log";
import { requireKnown } from "@countersign/events";
import { isAfterwards, timerAfter } from "../../workflows/timers.ts";
import { fromRecordedEvent } from "../log/event-codec.ts";
import { releaseRequests } from "./open-request-table.ts";
import { clearTimers, setTimers, type ApprovalTables, type ClearedTimer, type SetTimer } from "./timer-table.ts";

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
  "BreakGlassUsed",
  "AfterReviewReminded",
  "AfterReviewClosed",
];

/** Keeps the timer table, and takes out requests that nobody can join any more. The linger spares most actions that go fast a row: no timer is due within it. */
export function timerConsumer(ledger: string): ConsumerDefinition<ApprovalTables> {
  return {
    name: "approval.timers",
    types: TYPES,
    refuseUnknown: (event) => {
      if (event.stream.type === "action") requireKnown(event);
    },
    lingerMs: 250,
    handle: async (events, transaction) => {
      const { set, clear } = lastWord(events);
      await setTimers(transaction, ledger, set);
      await clearTimers(transaction, ledger, clear);
      await releaseRequests(
        transaction,
        ledger,
        events.filter(endsReview).map(({ stream: { tenant, id } }) => ({ tenant, id })),
      );
    },
  };
}

/** Nobody joins the review any more: it has ended, or an edit has made something else of it. What policy settles at once has its verdict and its grant by version 4, and never had one. */
function endsReview({ type, streamVersion }: RecordedEvent): boolean {
  return ENDS.has(type) && streamVersion > 4;
}

const ENDS: ReadonlySet<string> = new Set(["VerdictReached", "GrantIssued", "ActionRejected", "ActionExpired", "ActionCancelled"]);

/** What a batch leaves of each action's timers. Read backwards: only the events that have the last word are decoded. */
function lastWord(events: readonly RecordedEvent[]): { readonly set: readonly SetTimer[]; readonly clear: readonly ClearedTimer[] } {
  const settled = new Set<string>();
  const set: SetTimer[] = [];
  const clear: ClearedTimer[] = [];
  for (const event of events.toReversed()) {
    const { tenant, id, type } = event.stream;
    const afterwards = isAfterwards(event);
    const key = `${tenant}\n${id}\n${afterwards}`;
    if (type !== "action" || settled.has(key)) continue;
    const timer = timerAfter(fromRecordedEvent(event));
    if (timer === "keep") continue;
    settled.add(key);
    if (timer === "clear") clear.push({ ref: { tenant, id }, afterwards });
    else set.push({ ...timer, ref: { tenant, id } });
  }
  return { set, clear };
}
