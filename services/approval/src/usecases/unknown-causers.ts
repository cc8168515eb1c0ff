import { DirectoryUnreachableError } from "@countersign/directory-client";
import type { Principal, PrincipalRef } from "../domain/principal.ts";
import { type Causer, keepingAllOut } from "../domain/separation-of-duties.ts";
import type { Instant, Verdict } from "../domain/values.ts";
import { detailsOf, type Handled } from "./handle.ts";
import type { Caller, Deps, ReplyKey } from "./ports.ts";
import { strangersBehind } from "./who-speaks.ts";

type Asked = { readonly requester: Principal; readonly verdict: Verdict; readonly strangers: readonly PrincipalRef[] };

/**
 * Who is behind a request that would wait for people and is not known now. Nothing rests on it: every approval asks again, so that a directory that does not
 * answer keeps nobody from asking.
 */
export async function strangersInReview(
  deps: Pick<Deps, "directory">,
  requester: Principal,
  { outcome }: Pick<Verdict, "outcome">,
  at: Instant,
): Promise<readonly PrincipalRef[]> {
  if (outcome !== "review") return [];
  return strangersBehind(deps, requester, at).catch((error: unknown) => {
    if (error instanceof DirectoryUnreachableError) return [];
    throw error;
  });
}

/** P3: a review that nobody could approve is not opened, and its requester is told at once; a retry of what was answered before gets its answer. */
export async function refuseUnknown(deps: Pick<Deps, "store">, asked: Asked, key: ReplyKey): Promise<Handled | undefined> {
  const { requester, verdict, strangers } = asked;
  const unknown = keepingAllOut(requester, verdict, strangers);
  if (unknown.length === 0) return undefined;
  const replied = await deps.store.findReply({ tenant: requester.tenant, ...key });
  return replied ?? { outcome: "refused", code: "CAUSER_UNKNOWN", details: detailsOf(unknown) };
}

/** Because of whom a request that policy answers so would be refused now. */
export async function foreseenUnknown(
  deps: Pick<Deps, "directory" | "clock">,
  { principal }: Caller,
  verdict: Verdict,
): Promise<readonly Causer[]> {
  return keepingAllOut(principal, verdict, await strangersInReview(deps, principal, verdict, deps.clock().getTime()));
}
