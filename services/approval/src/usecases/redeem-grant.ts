import type { Hex, Instant } from "../domain/values.ts";
import { handle, type Handled } from "./handle.ts";
import type { ActionRef, ActionView, Bookmark, Caller, Deps } from "./ports.ts";
import { replyCaller } from "./reply-caller.ts";

export type Redemption = {
  /** Where the token says that it belongs; the tenant is the caller's. */
  readonly ref: ActionRef;
  readonly tokenDigest: Hex;
  readonly digest: Hex;
  readonly idempotencyKey: string;
};

/** What a redemption leaves in the caller's hand. None of it is content: erasing the action leaves it as it is. */
export type Receipt = { readonly actionId: string; readonly version: number; readonly position: number; readonly redeemedAt: Instant };

export type Redeemed =
  | { readonly outcome: "redeemed"; readonly receipt: Receipt }
  | Extract<Handled, { outcome: "refused" | "key_reused" | "lost_race" }>;

/**
 * Uses a grant, once. The signature is not verified here: SHA-256 of the token must equal the one recorded when it was signed, which no
 * other token can, and hashing costs far less.
 */
export async function redeemGrant(deps: Deps, { principal, traceparent }: Caller, redemption: Redemption): Promise<Redeemed> {
  const { ref, tokenDigest, digest } = redemption;
  const idempotency = { caller: replyCaller("RedeemGrant", principal), key: redemption.idempotencyKey };
  const handled = await handle(deps.store, ref, { actor: principal, traceparent }, () => {
    const at = deps.clock().getTime();
    const reportDeadline = at + deps.reportWaitMs;
    return { command: { type: "RedeemGrant", at, caller: principal, tokenDigest, digest, reportDeadline }, idempotency };
  });
  switch (handled.outcome) {
    case "done":
      return { outcome: "redeemed", receipt: receiptOf(handled.view, handled.lastPosition) };
    case "replayed":
      return repeat(deps, redemption, handled.bookmark);
    case "unchanged":
      throw new Error("a redemption was taken for a repetition");
    case "refused": {
      // The caller's own retry meets its first attempt: the grant is used, and this key used it.
      if (handled.code !== "GRANT_REDEEMED") return handled;
      const earlier = await deps.store.findReply({ tenant: ref.tenant, ...idempotency });
      if (earlier?.outcome === "replayed") return repeat(deps, redemption, earlier.bookmark);
      return earlier ?? handled;
    }
    default:
      return handled;
  }
}

/** The receipt, if the key used this very grant for this very digest. */
async function repeat(deps: Deps, { ref, tokenDigest, digest }: Redemption, bookmark: Bookmark): Promise<Redeemed> {
  if (bookmark.ref.id !== ref.id) return { outcome: "key_reused" };
  const { view, position } = await deps.store.asOf(bookmark);
  const grant = "grant" in view.state ? view.state.grant : undefined;
  if (grant?.tokenDigest !== tokenDigest || grant.digest !== digest) return { outcome: "key_reused" };
  return { outcome: "redeemed", receipt: receiptOf(view, position) };
}

function receiptOf({ ref, state }: ActionView, position: number): Receipt {
  if (!("redeemedAt" in state)) throw new Error("a redemption left its grant unused");
  return { actionId: ref.id, version: state.version, position, redeemedAt: state.redeemedAt };
}
