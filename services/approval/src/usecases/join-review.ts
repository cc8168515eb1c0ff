import { actionDigest, canonicalJson } from "@countersign/digest";
import type { Principal, PrincipalRef } from "../domain/principal.ts";
import { wrongState } from "../domain/rejection.ts";
import type { Hex, Verdict } from "../domain/values.ts";
import { inputContent, inputOf, toHex, unstored } from "./content.ts";
import { handle, type Handled, type Refused } from "./handle.ts";
import type { ActionInput, ActionRef, Caller, Deps, ReplyKey } from "./ports.ts";

/**
 * How long whoever was first may take to record its action, before somebody else takes its place: beyond, it has died. Much less than a caller waits for an answer (COUNTERSIGN_ANSWER_TIMEOUT,
 * 5 s): what is appended later is dropped, and the next one would wait for that in vain.
 */
const PATIENCE_MS = 2000;
const LOOK_MS = 20;
/** Reviews that end while somebody joins them. */
const ATTEMPTS = 5;

/** A request that policy sends to people. */
export type Asked = { readonly input: ActionInput; readonly ref: ActionRef; readonly verdict: Verdict; readonly idempotency: ReplyKey };

/**
 * Joins the open review of the same request of the same run, if there is one; a request that names no run repeats nobody's. Undefined: there is none, and from now on this request's own action is the one
 * that others join. Two that ask at the same moment, wherever, meet there; if one waits in vain for the other to record its action, there are two
 * reviews, each with a grant of its own, as for any two requests.
 */
export async function joinOpenReview(deps: Deps, caller: Caller, asked: Asked): Promise<Handled | undefined> {
  const run = asked.input.context["run_id"];
  if (typeof run !== "string" || run === "") return undefined;
  const { tenant, id } = asked.ref;
  const request = { tenant, fingerprint: deps.signer.fingerprint(sameness(caller.principal, run, asked)) };
  let instead: string | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const holder = await deps.openRequests.hold(request, id, instead);
    if (holder === id) return undefined;
    const ref = { tenant, id: holder };
    if (await isRecorded(deps, ref)) {
      const handled = await join(deps, caller, asked, ref);
      // As many others joined at this moment as can: there is an end to them.
      if (handled.outcome === "lost_race") continue;
      if (handled.outcome !== "refused") return handled;
      if (handled.code === "ASKED_TOO_OFTEN") return repeated(deps, asked, handled, ref);
    }
    instead = holder;
  }
  return undefined;
}

/** The text that two requests share if the second is the first one, asked again: what the digest covers, for whom, in which run, by which rule. */
function sameness({ issuer, id, type, chain, owner }: Principal, run: string, { input, ref, verdict }: Asked): string {
  const name = (principal: PrincipalRef) => ({ issuer: principal.issuer, id: principal.id });
  const bound = Object.fromEntries(Object.entries(input.context).filter(([member]) => verdict.bindingContext.includes(member)));
  return canonicalJson({
    tenant: ref.tenant,
    requester: { issuer, id, type, chain: chain.map(name), owner: owner === undefined ? null : name(owner) },
    run,
    revision: verdict.revision,
    rule: verdict.rule,
    binding: [...verdict.bindingContext],
    input: { ...input, context: bound },
  });
}

async function isRecorded({ store, pause }: Deps, ref: ActionRef): Promise<boolean> {
  let { view } = await store.load(ref);
  for (let waited = 0; view.state.status === "NONE" && waited < PATIENCE_MS; waited += LOOK_MS) {
    await pause(LOOK_MS);
    view = await store.refresh(ref);
  }
  return view.state.status !== "NONE";
}

function join(deps: Deps, { principal: caller, traceparent }: Caller, { input, idempotency }: Asked, ref: ActionRef): Promise<Handled> {
  return handle(deps.store, ref, { actor: caller, traceparent }, ({ state, contents }) => {
    const at = deps.clock().getTime();
    if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
    const stored = inputOf(contents, state.input);
    if (stored === undefined) return { refusal: "CONTENT_ERASED" };
    const content = inputContent(input, stored.salt);
    const digest: Hex = toHex(actionDigest(stored.salt, { tenant: ref.tenant, ...input }, state.ruling.verdict.bindingContext));
    return {
      command: { type: "JoinReview", at, caller, digest, input: toHex(content.digest) },
      contents: unstored(contents, content),
      idempotency,
    };
  });
}

/** A retry of what was answered before gets its answer, also when no more is taken in. */
async function repeated(deps: Deps, { idempotency, ref: { tenant } }: Asked, refused: Refused, ref: ActionRef): Promise<Handled> {
  const found = await deps.store.findReply({ tenant, ...idempotency });
  return found ?? { ...refused, details: { action_id: ref.id } };
}
