import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { StreamHandler } from "@countersign/bus";
import { pagesOf, readEnd, stretchOf, type EventReader, type TenantReader } from "@countersign/event-log";
import type { Verdict } from "@countersign/proto/v1/action_pb";
import {
  BacktestPolicyRequestSchema,
  BacktestPolicyResponseSchema,
  type PolicyDifferenceSchema,
} from "@countersign/proto/v1/policy_service_pb";
import { streamed } from "../commands/streamed.ts";
import { askAgain, askPolicy, type AskDeps } from "./ask-again.ts";
import { BacktestCounts } from "./backtest-counts.ts";
import { RecordedVerdicts, type RecordedVerdict } from "./recorded-verdicts.ts";

export type BacktestDeps = AskDeps & {
  readonly log: TenantReader & Pick<EventReader, "readNamedContents">;
  readonly clock: () => Date;
};

/** Reads what policy was asked in a period, and has policy say what a document would have answered. Policy refuses who may not ask that, before anything is read. */
export function backtestPolicy({ log, clock, ...deps }: BacktestDeps): StreamHandler {
  return streamed(BacktestPolicyRequestSchema, BacktestPolicyResponseSchema, async function* ({ document, from, to }, signal, caller) {
    const ask = askPolicy(deps, caller, document, signal);
    const { rules } = await ask([]);
    const counts = new BacktestCounts(rules);
    const period = { from: from && timestampDate(from), to: readEnd(to, clock()), before: Number.MAX_SAFE_INTEGER };
    const stretch = await stretchOf(log, caller.tenant, period);
    const total = BigInt(stretch.last - stretch.first + 1);
    const recorded = new RecordedVerdicts(log);
    let done = 0n;
    for await (const page of pagesOf(log, caller.tenant, stretch)) {
      for await (const answered of askAgain(log, ask, await recorded.of(page))) {
        signal.throwIfAborted();
        for (const { recorded: was, wouldBe } of answered) {
          if (wouldBe === undefined) counts.addErased();
          else if (counts.add(was.verdict, wouldBe)) yield { message: { case: "difference" as const, value: differenceOf(was, wouldBe) } };
        }
      }
      signal.throwIfAborted();
      done += BigInt(page.length);
      yield { message: { case: "progress" as const, value: { done, total } } };
    }
    yield { message: { case: "result" as const, value: counts.result() } };
  });
}

function differenceOf({ event, requested, verdict }: RecordedVerdict, wouldBe: Verdict): MessageInitShape<typeof PolicyDifferenceSchema> {
  const { requester, actionName, resourceType, resourceId } = requested;
  return {
    actionId: event.stream.id,
    actionVersion: BigInt(event.streamVersion),
    time: timestampFromDate(event.time),
    ...(requester && { requester: { issuer: requester.issuer, id: requester.id } }),
    actionName,
    resourceType,
    resourceId,
    was: verdict,
    wouldBe,
  };
}
