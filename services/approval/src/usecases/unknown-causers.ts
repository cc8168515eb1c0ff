import { DirectoryUnreachableError } from "@countersign/directory-client";
import type { Principal } from "../domain/principal.ts";
import { unknownCausers } from "../domain/separation-of-duties.ts";
import type { Instant, Verdict } from "../domain/values.ts";
import { detailsOf, type Handled } from "./handle.ts";
import type { Deps, ReplyKey } from "./ports.ts";
import { strangersBehind } from "./who-speaks.ts";

type Asked = { readonly requester: Principal; readonly verdict: Verdict; readonly at: Instant };

/**
 * P3: a review that nobody could approve is not opened, and its requester is told at once; a retry of what was answered before gets its answer. It
 * saves people a wait, and nothing rests on it: every approval asks again, so that a directory that does not answer now keeps nobody from asking.
 */
export async function refuseUnknown(deps: Pick<Deps, "directory" | "store">, asked: Asked, key: ReplyKey): Promise<Handled | undefined> {
  const { requester, verdict, at } = asked;
  // Whom policy trusts that far can still approve it alone.
  if (verdict.terms.breakGlass?.requester === true) return undefined;
  const strangers = await strangersBehind(deps, requester, at).catch((error: unknown) => {
    if (error instanceof DirectoryUnreachableError) return [];
    throw error;
  });
  const barring = verdict.stages.map((stage) => unknownCausers({ requester, ruling: { verdict } }, stage, strangers));
  const unknown = barring.find((causers) => causers.length > 0);
  if (unknown === undefined) return undefined;
  const replied = await deps.store.findReply({ tenant: requester.tenant, ...key });
  return replied ?? { outcome: "refused", code: "CAUSER_UNKNOWN", details: detailsOf(unknown) };
}
