import { createHash, randomUUID } from "node:crypto";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import type { OnQuestion } from "./answer-questions.ts";
import { statusName } from "./status-name.ts";
import { digestOf, type CountersignClient, type Report } from "./client.ts";
import { isUndecided, knownOf, type KnownAction } from "./known-action.ts";
import { plainInput, type ActionInput } from "./plain-input.ts";
import { CountersignError } from "./countersign-error.ts";
import type { Requested } from "./request-and-watch.ts";
import type { CallOptions } from "./transport.ts";
import type { Decision } from "./wait-for-decision.ts";

/** The action was decided, and not with yes: it must not run. */
export class NotApprovedError extends Error {
  override readonly name = "NotApprovedError";
  readonly action: KnownAction;
  readonly actionId: string;

  /** @param name of what was asked for. */
  constructor(name: string, action: KnownAction, { why, cause }: { readonly why?: string; readonly cause?: unknown } = {}) {
    super(why === undefined ? refusalText(name, action) : `${name} was not approved: ${why}`, { cause });
    this.action = action;
    this.actionId = action.id;
  }
}

/** The first run's outcome is on record or still to be reported: nobody can tell from here whether it was done. */
const USED = new Set<ActionStatus>([ActionStatus.REDEEMED, ActionStatus.SUCCEEDED, ActionStatus.FAILED, ActionStatus.UNREPORTED]);

function refusalText(name: string, { status, reasons }: KnownAction): string {
  if (USED.has(status))
    return `${name} does not run again: its grant was used before, and the action is ${statusName(status)}. Another run needs another idempotencyKey`;
  if (status === ActionStatus.APPROVED)
    return `${name} does not run: its grant was signed with an earlier key and is not handed out any more. Ask again, with another idempotencyKey`;
  return `${name} was not approved: ${statusName(status)} ${reasons.join("; ")}`.trimEnd();
}

/**
 * Runs `run` if, and only if, exactly this input is approved: asks, waits for policy and people, redeems the grant for the digest of the input
 * that `run` is given, runs it, and reports. An action whose parameters a reviewer edited is taken back, unless `acceptEdits` says that `run` uses
 * the input that it is given: then the edited form is accepted, `run` gets it, and the digest is computed over it. `onQuestion` answers what reviewers ask.
 * Aborting `signal` calls it off for as long as `run` has not begun. Without an `idempotencyKey` the action is cancelled then, as nobody waits for it any more
 * (called off before its first answer came, it is asked for once more by its key to find it, and cancelled: what never reached the server is recorded by
 * that), which may take a few seconds; where that fails for 5 s, a review stays until its deadline that nobody waits for. With a key it stays, and the same call
 * goes on with it. Whatever else ends the wait leaves the action as it is: `actionId` of the error names it, to be cancelled or waited for by whoever catches it.
 * @throws NotApprovedError when the answer is no, or the grant is gone; CountersignError when there is no answer. In both cases `run` was not called. What `run` throws, as it is.
 */
export async function requireApproval<Output>(
  client: CountersignClient,
  asOfNow: ActionInput,
  run: (input: ActionInput) => Output | Promise<Output>,
  options: ApprovalOptions = {},
): Promise<Output> {
  // What its owner changes while people decide, or while the grant is redeemed, is neither asked for nor run.
  const input = plainInput(asOfNow);
  const { idempotencyKey = randomUUID(), signal } = options;
  // What is called off already is not sent.
  const leaving = signal?.aborted === true ? {} : options;
  const asked = await client
    .requestAndWatch(input, { ...options, idempotencyKey })
    .catch((error: unknown) => findAndLeave(client, input, idempotencyKey, leaving, error));
  const actionId = asked.action.id;
  const approved = await redeemed(client, input, asked, options).catch((error: unknown) => {
    throw about(actionId, error, signal);
  });
  return runAndReport(client, actionId, () => run(approved));
}

/** Waits, redeems, and resolves with what may run now, once. */
async function redeemed(client: CountersignClient, input: ActionInput, asked: Requested, options: ApprovalOptions): Promise<ActionInput> {
  const { name } = input.action;
  const waited = decided(client, input, asked, options);
  const { action, grantToken } = await waited.catch((error: unknown) => leave(client, asked.action.id, options, error));
  if (action.status !== ActionStatus.APPROVED || grantToken === "") throw new NotApprovedError(name, action);
  const approved = options.acceptEdits === true ? withParametersOf(action, input) : input;
  const digest = digestOf(action, approved);
  if (Buffer.compare(digest, action.digest) !== 0)
    throw new NotApprovedError(name, action, { why: "what was approved is not what would run" });
  const call = options.signal === undefined ? {} : { signal: options.signal };
  // A key of its own per call: a second run of the same program must be refused here, not handed the first one's receipt.
  await client.redeem(grantToken, digest, call).catch((error: unknown) => notRedeemed(client, name, action.id, call, error));
  return approved;
}

/** Whoever loses the grant to somebody faster, to a late no or to its end is told what it would be told if it came now. */
async function notRedeemed(client: CountersignClient, name: string, actionId: string, call: CallOptions, error: unknown): Promise<never> {
  if (!(error instanceof CountersignError) || error.code !== "FAILED_PRECONDITION") throw error;
  const { action } = await client.actions.getAction({ actionId }, call);
  if (action === undefined || action.status === ActionStatus.APPROVED) throw error;
  throw new NotApprovedError(name, knownOf(action), { cause: error });
}

/** The same error, with the action that it leaves behind. What a signal or a token source throws may be thrown to others as well, so that it is only the cause. */
function about(actionId: string, error: unknown, signal: AbortSignal | undefined): Error {
  if (error instanceof NotApprovedError) return error;
  const told = error instanceof CountersignError ? error : withoutCall(error, signal?.aborted === true ? "CANCELLED" : "UNKNOWN");
  told.actionId = actionId;
  return told;
}

function withoutCall(cause: unknown, code: string): CountersignError {
  return new CountersignError(code, cause instanceof Error ? cause.message : String(cause), { sent: false, cause });
}

type ApprovalOptions = {
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly acceptEdits?: boolean;
  readonly onQuestion?: OnQuestion;
};

type Leaving = Pick<ApprovalOptions, "signal" | "idempotencyKey">;

/** Nobody is there to come back to it. */
const isCalledOff = ({ signal, idempotencyKey }: Leaving): boolean => signal?.aborted === true && idempotencyKey === undefined;

/** Reviewers are not left with what nobody waits for any more. */
async function leave(client: CountersignClient, actionId: string, leaving: Leaving, error: unknown): Promise<never> {
  if (isCalledOff(leaving))
    await client.actions.cancelAction({ actionId, reason: "The requester called it off." }, { timeoutMs: 5000 }).catch(() => {});
  throw error;
}

/** The same when its id is not known yet: it may be recorded or not, and its key says which action it is. */
async function findAndLeave(client: CountersignClient, input: ActionInput, key: string, leaving: Leaving, error: unknown): Promise<never> {
  const found = isCalledOff(leaving) ? client.requestAction(input, { idempotencyKey: key, timeoutMs: 5000 }) : undefined;
  const asked = await found?.catch(() => undefined);
  if (asked === undefined) throw error;
  return leave(client, asked.action.id, leaving, about(asked.action.id, error, leaving.signal));
}

/** Waits, and answers every edit, until there is a decision. */
async function decided(
  client: CountersignClient,
  input: ActionInput,
  asked: Requested,
  options: ApprovalOptions,
): Promise<Decision<KnownAction>> {
  for (let current = await asked.decided(); ;) {
    const { action } = current;
    if (isUndecided(action)) {
      // A question may have been there before this program was: then the action as it is, is news.
      const afterVersion = options.onQuestion === undefined ? action.version : 0n;
      current = await client.waitForDecision(action.id, { afterVersion, ...options });
    } else if (action.status !== ActionStatus.EDITED) {
      return current;
    } else {
      current = await answerEdit(client, input, action, options.acceptEdits === true);
    }
  }
}

/** Accepts the digest that this program computes over what it would run, never just the one that it is told. */
async function answerEdit(client: CountersignClient, input: ActionInput, action: KnownAction, accepts: boolean): Promise<Decision> {
  const digest = digestOf(action, withParametersOf(action, input));
  if (accepts && Buffer.compare(digest, action.digest) === 0) return client.acceptEdit(action.id, digest);
  const { action: cancelled = action } = await client.actions.cancelAction({
    actionId: action.id,
    reason: "The edited form is not accepted.",
  });
  throw new NotApprovedError(input.action.name, cancelled, { why: "a reviewer edited it, and the edited form is not accepted" });
}

/** A reviewer may have edited the parameters, and nothing else. The rest stays what the caller will really use. */
function withParametersOf({ editedProperties: properties }: KnownAction, input: ActionInput): ActionInput {
  return properties === undefined ? input : { ...input, action: { name: input.action.name, properties } };
}

/** A report that cannot be delivered, for whatever reason, does not undo what was done: the log will show the action as UNREPORTED. */
async function runAndReport<Output>(client: CountersignClient, actionId: string, run: () => Output | Promise<Output>): Promise<Output> {
  const report = (what: Report) => client.report(actionId, what).catch(() => {});
  let output: Output;
  try {
    output = await run();
  } catch (error) {
    await report({ outcome: "failed", message: error instanceof Error ? error.message.slice(0, 4000) : "failed" });
    throw error;
  }
  await report({ outcome: "succeeded", ...digestOfOutput(output) });
  return output;
}

function digestOfOutput(output: unknown): { readonly outputDigest?: Uint8Array } {
  if (typeof output !== "string" && !(output instanceof Uint8Array)) return {};
  return { outputDigest: createHash("sha256").update(output).digest() };
}
