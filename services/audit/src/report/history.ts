import type { ReportEvent } from "./report-event.ts";

/** What an action's earlier events say about its next one. */
export type History = {
  readonly name: string;
  /** When people were asked for the first time. */
  readonly openedAt: number | undefined;
  readonly redeemed: boolean;
  /** Grants that were taken back or ran out. */
  readonly ended: readonly string[];
  /** Output of the report on record; undefined before there is one. */
  readonly output: string | undefined;
};

export const NO_HISTORY: History = { name: "", openedAt: undefined, redeemed: false, ended: [], output: undefined };

/** An action has few grants; what is beyond that is no grant of ours. */
const MAX_ENDED = 8;

/** The history with one more event in it. */
export function remember(history: History, event: ReportEvent): History {
  switch (event.type) {
    case "ActionRequested":
      return { ...history, name: event.name ?? "" };
    case "ReviewOpened":
      return history.openedAt === undefined ? { ...history, openedAt: event.at } : history;
    case "GrantRevoked":
    case "GrantExpired":
      return { ...history, ended: [...history.ended, event.grant ?? ""].slice(-MAX_ENDED) };
    case "GrantRedeemed":
      return { ...history, redeemed: true };
    case "ExecutionReported":
      return { ...history, output: history.output ?? event.output ?? "" };
    default:
      return history;
  }
}
