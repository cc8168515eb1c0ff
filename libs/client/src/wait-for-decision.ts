import { setTimeout as sleep } from "node:timers/promises";
import type { ActionState } from "@countersign/proto/v1/action_pb";
import type { ActionService, WatchActionResponse } from "@countersign/proto/v1/action_service_pb";
import { CountersignError } from "./countersign-error.ts";
import { isUndecided } from "./known-action.ts";
import type { ServiceClient } from "./service-client.ts";

/** Where the action is, and the grant token when it is approved and the caller asked for it. */
export type Decision<Told = ActionState> = { readonly action: Told; readonly grantToken: string };

/** Watches the action until it is decided, resuming from the last version seen whenever the stream breaks. */
export async function waitForDecision(
  actions: ServiceClient<typeof ActionService>,
  actionId: string,
  options: {
    readonly afterVersion?: bigint;
    readonly signal?: AbortSignal | undefined;
    /** Told of the action whenever it is seen. */ readonly onAction?: ((action: ActionState) => void) | undefined;
    /** A watch of it that is open already. */ readonly from?: AsyncIterable<WatchActionResponse>;
  },
): Promise<Decision> {
  const call = options.signal === undefined ? {} : { signal: options.signal };
  let { afterVersion = 0n, from } = options;
  for (let failures = 0; ;) {
    let decision: Decision | undefined;
    const watch = from ?? actions.watchAction({ actionId, afterVersion, untilDecided: true }, call);
    from = undefined;
    try {
      // Read to its end: cancelling a stream that is about to end costs both sides more than the end does.
      for await (const { action, grantToken } of watch) {
        if (action === undefined) continue;
        failures = 0;
        afterVersion = action.version;
        options.onAction?.(action);
        if (!isUndecided(action)) decision = { action, grantToken };
      }
      if (decision !== undefined) return decision;
      // It ended well and without a message: the version we came with is the last one there is.
      afterVersion = 0n;
    } catch (error) {
      if (decision !== undefined) return decision;
      options.signal?.throwIfAborted();
      // A token that expired while we waited may be a new one by now; if it is not, that is said at once.
      const tokenMayBeNew = error instanceof CountersignError && error.reason === "TOKEN_EXPIRED" && failures === 0;
      if (!(error instanceof CountersignError) || !(tokenMayBeNew || isPassing(error))) throw error;
    }
    failures += 1;
    await sleep(Math.random() * Math.min(2000, 50 * 2 ** failures), undefined, call).catch(() => options.signal?.throwIfAborted());
  }
}

/** A broken stream says nothing about the action: watching again does no harm. */
const isPassing = (error: CountersignError): boolean => error.retryable || error.code === "CANCELLED" || error.code === "DEADLINE_EXCEEDED";
