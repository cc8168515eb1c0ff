import { rejected, type Decided } from "./decided.ts";
import type { Directory } from "./directory.ts";
import { accountKey, type Account } from "./profile.ts";

/** How long a code is good: the time it takes to sign in. */
export const OFFER_MS = 10 * 60_000;
/** Codes that one account, and all accounts of a tenant, may have out: a channel's users could otherwise fill the log. */
const MAX_OFFERS_PER_ACCOUNT = 3;
const MAX_OFFERS = 1000;

export type OfferLink = { readonly codeDigest: string; readonly account: Account; readonly nowMs: number };

export function offerLink(directory: Directory, { codeDigest, account, nowMs }: OfferLink): Decided {
  const live = [...directory.offers.values()].filter(({ expiresMs }) => expiresMs > nowMs);
  const own = live.filter((offer) => accountKey(offer.account) === accountKey(account));
  if (own.length >= MAX_OFFERS_PER_ACCOUNT || live.length >= MAX_OFFERS) return rejected("too_many");
  return { events: [{ type: "LinkOffered", codeDigest, account, expiresMs: nowMs + OFFER_MS, cause: "channel" }] };
}

export type LinkAccount = { readonly personId: string; readonly codeDigest: string; readonly nowMs: number };

/** A code works once, and no account is two people's. */
export function linkAccount(directory: Directory, { personId, codeDigest, nowMs }: LinkAccount): Decided {
  if (isLinkedBy(directory, personId, codeDigest)) return { events: [] };
  const offer = directory.offers.get(codeDigest);
  if (offer === undefined || offer.expiresMs <= nowMs) return rejected("code_invalid");
  if (directory.byAccount.find(accountKey(offer.account)).size > 0) return rejected("already_linked");
  return { events: [{ type: "AccountLinked", personId, account: offer.account, codeDigest, cause: "person" }] };
}

/** This person used this code, and the link still stands: a repeated call changes nothing. */
function isLinkedBy(directory: Directory, personId: string, codeDigest: string): boolean {
  const used = directory.usedOffers.get(codeDigest);
  const linked = directory.people.get(personId)?.linked ?? [];
  return used?.personId === personId && linked.some((account) => accountKey(account) === accountKey(used.account));
}

export function unlinkAccount(directory: Directory, personId: string, account: Account): Decided {
  const linked = directory.people.get(personId)?.linked ?? [];
  if (linked.every((one) => accountKey(one) !== accountKey(account))) return { events: [] };
  return { events: [{ type: "AccountUnlinked", personId, account, cause: "person" }] };
}
