import { openReview, waitsForPeople, type ActionState } from "./action-state.ts";
import { callerKey } from "./principal-key.ts";
import { NO_DEADLINE } from "./table.ts";
import { asksOf, barredFromDeciding } from "./who-may-decide.ts";

/** A row as text and numbers; every column is a function of the state. */
export type ActionRow = {
  readonly tenant: string;
  readonly actionId: string;
  readonly requestPosition: number;
  readonly version: number;
  readonly status: string;
  readonly actionName: string;
  readonly requester: string;
  /** For people. */
  readonly waits: boolean;
  readonly reviewDeadline: number;
  /** Array literals of Postgres. */
  readonly asks: string;
  readonly barred: string;
  readonly state: string;
};

export function toRow(tenant: string, actionId: string, state: ActionState): ActionRow {
  const waits = waitsForPeople(state);
  return {
    tenant,
    actionId,
    requestPosition: state.requestPosition,
    version: state.version,
    status: state.status,
    actionName: state.actionName,
    requester: callerKey(state.requester),
    waits,
    reviewDeadline: (waits ? openReview(state)?.deadline : undefined) ?? NO_DEADLINE,
    asks: arrayLiteral(waits ? asksOf(state) : []),
    barred: arrayLiteral(barredFromDeciding(state)),
    state: JSON.stringify(state),
  };
}

/** The state as `toRow` wrote it. Rows are ours alone and are compared with the log on demand, so their shape is taken as it is. */
export function parseState(text: string): ActionState {
  return JSON.parse(text) as ActionState;
}

/** A Postgres array literal: `unnest` takes arrays apart to the last dimension, so an array per row travels as text. */
function arrayLiteral(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replaceAll(/["\\]/g, String.raw`\$&`)}"`).join(",")}}`;
}
