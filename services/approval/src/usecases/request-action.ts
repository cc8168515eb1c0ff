import { CommandError } from "@countersign/bus";
import { canonicalJson, contentDigest, newSalt } from "@countersign/digest";
import type { Content } from "@countersign/event-log";
import type { Principal, PrincipalRef } from "../domain/principal.ts";
import { initialState, type RecordedAction } from "../domain/state.ts";
import type { Hex } from "../domain/values.ts";
import { inputContent, toHex } from "./content.ts";
import { tokenFor } from "./grant-token.ts";
import { handle, type Handled } from "./handle.ts";
import { joinOpenReview } from "./join-review.ts";
import { judge } from "./judge.ts";
import type { ActionInput, ActionRef, ActionView, Bookmark, Caller, Deps, ReplyKey } from "./ports.ts";
import { replyCaller } from "./reply-caller.ts";
import { refuseUnknown, strangersInReview } from "./unknown-causers.ts";

export type Request = {
  readonly input: ActionInput;
  readonly idempotencyKey: string;
  /** What a retry is told: the action as it was when this was answered before, or as it is now. */
  readonly retryTells: "then" | "now";
};

export type Requested =
  /** Now, or when this caller asked exactly this before. */
  | { readonly outcome: "recorded"; readonly view: ActionView; readonly token: string | undefined }
  | Extract<Handled, { outcome: "key_reused" | "lost_race" | "refused" }>;

/**
 * Records an action and what policy says about it, in one append. When policy does not answer, the request is recorded alone and a timer
 * keeps asking. A retry is found by the append itself, so nobody pays for looking first.
 */
export async function requestAction(deps: Deps, caller: Caller, request: Request): Promise<Requested> {
  const { principal: requester } = caller;
  const content = inputContent(request.input, newSalt());
  const idempotency = { caller: replyCaller("RequestAction", requester), key: request.idempotencyKey };
  return record(deps, caller, request, { content, idempotency }).catch(async (error: unknown) => {
    // The log of policy or of directory is corrupt. A retry of what was answered before gets its answer all the same.
    const found = error instanceof CommandError ? await deps.store.findReply({ tenant: requester.tenant, ...idempotency }) : undefined;
    if (found === undefined) throw error;
    return answer(deps, requester, { ...request, body: content.body }, found);
  });
}

type Parts = { readonly content: Content; readonly idempotency: ReplyKey };

async function record(deps: Deps, caller: Caller, request: Request, { content, idempotency }: Parts): Promise<Requested> {
  const now = deps.clock();
  const at = now.getTime();
  const { principal: requester, traceparent } = caller;
  const ref: ActionRef = { tenant: requester.tenant, id: deps.newId(now) };
  const { input } = request;
  const { salt } = content;
  const evaluation = await deps.policy.evaluate({ requester, input, at, traceparent });
  const judged = evaluation === undefined ? undefined : await judge(deps, ref, { requester, input, salt, at }, evaluation);
  const strangers = evaluation === undefined ? [] : await strangersInReview(deps, requester, evaluation.verdict, at);
  if (judged?.judgement.outcome === "review") {
    const { verdict } = judged.judgement;
    const settled =
      (await refuseUnknown(deps, { requester, verdict, strangers }, idempotency)) ??
      (await joinOpenReview(deps, caller, { input, ref, verdict, idempotency })) ??
      (await overQuota(deps, ref, idempotency));
    if (settled !== undefined) return answer(deps, requester, { ...request, body: content.body }, settled);
  }
  const handled = await handle(
    deps.store,
    // A new id: there is nothing to load.
    { view: { ref, state: initialState, contents: new Map() }, certain: true },
    { actor: requester, traceparent },
    () => ({
      command: {
        type: "RequestAction",
        at,
        requester,
        operation: operationOf(input),
        input: toHex(content.digest),
        deadline: at + deps.verdictWaitMs,
        judgement: judged?.judgement,
        strangers,
      },
      contents: [content],
      idempotency,
    }),
  ).catch(async (error: unknown) => {
    // Whoever asks for the same next would wait for this action.
    if (judged?.judgement.outcome === "review") await deps.openRequests.release(ref).catch(() => {});
    throw error;
  });
  if (handled.outcome !== "done") await deps.openRequests.release(ref);
  return answer(deps, requester, { ...request, body: content.body }, handled, judged?.token);
}

/** One review too many; a retry of what was answered before gets its answer. */
async function overQuota(deps: Deps, ref: ActionRef, key: ReplyKey): Promise<Handled | undefined> {
  if (await deps.reviewQuota.take(ref.tenant)) return undefined;
  await deps.openRequests.release(ref);
  return (await deps.store.findReply({ tenant: ref.tenant, ...key })) ?? { outcome: "refused", code: "REVIEW_QUOTA" };
}

type Asked = Pick<Request, "retryTells"> & { readonly body: Uint8Array };

function answer(deps: Deps, requester: Principal, asked: Asked, handled: Handled, token?: string): Requested | Promise<Requested> {
  switch (handled.outcome) {
    case "done":
      return { outcome: "recorded", view: handled.view, token };
    case "replayed":
      return repeat(deps, requester, asked, handled.bookmark);
    case "unchanged":
      throw new Error("a request left everything as it was");
    default:
      return handled;
  }
}

/**
 * What was answered then, or what is so now, if it was asked for the same and in the same place; the token only if that is the answer and it is still
 * good. The request is compared with the content itself: a hash of it that outlived the content's salt could be guessed back.
 */
async function repeat(deps: Deps, requester: Principal, { body, retryTells }: Asked, bookmark: Bookmark): Promise<Requested> {
  const { view } = await deps.store.asOf(bookmark);
  if (view.state.status === "NONE" || standingOf(view.state.requester) !== standingOf(requester)) return { outcome: "key_reused" };
  const asked = askedThen(view.state);
  const stored = view.contents.get(asked);
  if (stored === undefined) return { outcome: "refused", code: "CONTENT_ERASED" };
  if (toHex(contentDigest(stored.salt, body)) !== asked) return { outcome: "key_reused" };
  if (retryTells === "then" && view.state.status !== "APPROVED") return { outcome: "recorded", view, token: undefined };
  const now = await deps.store.refresh(view.ref);
  return { outcome: "recorded", view: retryTells === "now" ? now : view, token: await tokenFor(deps, now, requester) };
}

/** The input of the request that made the state what it is: the first one, or one that joined its review. */
function askedThen(state: RecordedAction): Hex {
  return ("review" in state ? state.review?.asked.input : undefined) ?? state.input;
}

function operationOf({ subject, action, resource }: ActionInput) {
  return {
    subjectType: subject.type,
    subjectId: subject.id,
    actionName: action.name,
    resourceType: resource.type,
    resourceId: resource.id,
  };
}

/**
 * P3: for whom the caller acts. The same program with the same key for somebody else asks something else: policy and the separation of duties
 * must see it, and a replay would show them the first one.
 */
function standingOf({ type, chain, owner }: Principal): string {
  const ref = ({ issuer, id }: PrincipalRef) => ({ issuer, id });
  return canonicalJson({ type, chain: chain.map(ref), owner: owner === undefined ? null : ref(owner) });
}
