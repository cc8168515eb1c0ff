import type { MessageInitShape } from "@bufbuild/protobuf";
import { CommentKind, type Action, type ActionState } from "@countersign/proto/v1/action_pb";
import {
  ActionService,
  type RequestAndWatchRequestSchema,
  type RequestAndWatchResponse,
  type WatchActionResponse,
} from "@countersign/proto/v1/action_service_pb";
import { checkTimeout } from "./check-arguments.ts";
import { isUndecided, knownOf, type KnownAction } from "./known-action.ts";
import { withRetry, type RetryPolicy } from "./retry.ts";
import type { ServiceClient } from "./service-client.ts";
import { DEFAULT_TIMEOUT_MS, type CallOptions, type MessageStream, type Transport } from "./transport.ts";
import { waitForDecision, type Decision } from "./wait-for-decision.ts";

/** The action as it was recorded, with the grant token if it was allowed at once, and its decision to come. */
export type Requested = Decision<Action> & {
  /**
   * Waits until the action is decided, however long it takes, across broken connections and restarts of the server; at once when it is decided already.
   * It may be called more than once. Whoever never calls it leaves nothing open.
   */
  decided(): Promise<Decision<KnownAction>>;
};

/** The server holds a place for whoever waits. Nobody has waited for so long: a later call of `decided` takes another one. */
const FORGOTTEN_MS = 10_000;

type Answers = MessageStream<RequestAndWatchResponse>;

/** Asks, and repeats that with the same key until the first message is there; what breaks later is taken up again by `waitForDecision`. */
export async function requestAndWatch(
  deps: { readonly transport: Transport; readonly actions: ServiceClient<typeof ActionService>; readonly retry: RetryPolicy },
  request: MessageInitShape<typeof RequestAndWatchRequestSchema>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, onAction, ...call }: CallOptions & { readonly onAction?: ((action: ActionState) => void) | undefined },
): Promise<Requested> {
  checkTimeout(timeoutMs);
  const deadline = Date.now() + timeoutMs;
  const attempt = async () => {
    const answers = await deps.transport.open(ActionService.method.requestAndWatch, request, call);
    return { answers, ...(await first(answers, deadline - Date.now())) };
  };
  const { answers, action, grantToken } = await withRetry(attempt, { policy: deps.retry, deadline, repeat: "always", signal: call.signal });
  if (!isUndecided(action)) {
    // Read to its end, which is here or on its way: cancelling it would cost both sides more.
    answers.next().catch(() => {});
    return { action, grantToken, decided: async () => ({ action: knownOf(action), grantToken }) };
  }
  const forgotten = setTimeout(() => answers.close(), FORGOTTEN_MS).unref();
  const wait = (): Promise<Decision> => {
    clearTimeout(forgotten);
    const { signal } = call;
    if (onAction === undefined || !hasOpenQuestion(action))
      return waitForDecision(deps.actions, action.id, { afterVersion: action.version, signal, onAction, from: changes(answers) });
    // It was asked before this program was there: then the action as it is, is news.
    answers.close();
    return waitForDecision(deps.actions, action.id, { signal, onAction });
  };
  let decision: Promise<Decision> | undefined;
  return { action, grantToken, decided: () => (decision ??= wait()) };
}

async function first(answers: Answers, withinMs: number): Promise<Decision<Action>> {
  const late = setTimeout(() => answers.expire(), withinMs);
  try {
    const told = (await answers.next())?.told;
    if (told?.case !== "requested" || told.value.action === undefined) throw new Error("the server's first message holds no action");
    return { action: told.value.action, grantToken: told.value.grantToken };
  } catch (error) {
    answers.close();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

async function* changes(answers: Answers): AsyncGenerator<WatchActionResponse> {
  try {
    for (let message = await answers.next(); message !== undefined; message = await answers.next()) {
      if (message.told.case === "changed") yield message.told.value;
    }
  } finally {
    answers.close();
  }
}

function hasOpenQuestion({ review }: Action): boolean {
  return review?.comments.some(({ kind, answer }) => kind === CommentKind.QUESTION && answer === 0) === true;
}
