import { rejected, type Decided, type Rejection } from "./decided.ts";
import type { Directory, LinkOffer } from "./directory.ts";
import { accountKey, type Account } from "./profile.ts";

/** How long a code is good: the time it takes to sign in. */
export const OFFER_MS = 10 * 60_000;
/** Codes that one account, and all accounts of a tenant, may have out: a channel's users could otherwise fill the log. */
const MAX_OFFERS_PER_ACCOUNT = 3;
const MAX_OFFERS = 1000;
/** Nobody answers under more. */
const MAX_LINKED = 20;

export type OfferLink = { readonly codeDigest: string; readonly account: Account; readonly sealedNames: string; readonly nowMs: number };

/** A channel asks to link an account to whoever brings the code. Refused where too many codes are out. */
export function offerLink(directory: Directory, { codeDigest, account, sealedNames, nowMs }: OfferLink): Decided {
  const live = [...directory.offers.values()].filter(({ expiresMs }) => expiresMs > nowMs);
  const own = live.filter((offer) => accountKey(offer.account) === accountKey(account));
  if (own.length >= MAX_OFFERS_PER_ACCOUNT || live.length >= MAX_OFFERS) return rejected("too_many");
  return { events: [{ type: "LinkOffered", codeDigest, account, sealedNames, expiresMs: nowMs + OFFER_MS, cause: "channel" }] };
}

/** What a code would link for whoever brings it now, or why it links nothing. */
export function offered(directory: Directory, codeDigest: string, nowMs: number): LinkOffer | { readonly rejection: Rejection } {
  const offer = directory.offers.get(codeDigest);
  if (offer === undefined) return { rejection: directory.usedOffers.has(codeDigest) ? "code_used" : "code_invalid" };
  if (offer.expiresMs <= nowMs) return { rejection: "code_expired" };
  return directory.byAccount.find(accountKey(offer.account)).size > 0 ? { rejection: "already_linked" } : offer;
}

export type LinkAccount = {
  readonly personId: string;
  readonly codeDigest: string;
  /** What the person takes for its own. */
  readonly account: Account;
  readonly nowMs: number;
};

/** A code works once, and no account is two people's. P3: a code is not enough: whoever sent it to somebody else would decide as that person. */
export function linkAccount(directory: Directory, { personId, codeDigest, account, nowMs }: LinkAccount): Decided {
  const repeated = isLinkedBy(directory, personId, codeDigest);
  const offer = repeated ? directory.usedOffers.get(codeDigest) : offered(directory, codeDigest, nowMs);
  if (offer === undefined || "rejection" in offer) return rejected(offer?.rejection ?? "code_invalid");
  if (accountKey(offer.account) !== accountKey(account)) return rejected("other_account");
  if (!repeated && (directory.people.get(personId)?.linked.length ?? 0) >= MAX_LINKED) return rejected("too_many");
  return { events: repeated ? [] : [{ type: "AccountLinked", personId, account, codeDigest, cause: "person" }] };
}

/** This person used this code, and the link still stands: a repeated call changes nothing. */
function isLinkedBy(directory: Directory, personId: string, codeDigest: string): boolean {
  const used = directory.usedOffers.get(codeDigest);
  const linked = directory.people.get(personId)?.linked ?? [];
  return used?.personId === personId && linked.some((account) => accountKey(account) === accountKey(used.account));
}

/** The person keeps no such account. Nothing when it has none. */
export function unlinkAccount(directory: Directory, personId: string, account: Account): Decided {
  const linked = directory.people.get(personId)?.linked ?? [];
  if (linked.every((one) => accountKey(one) !== accountKey(account))) return { events: [] };
  return { events: [{ type: "AccountUnlinked", personId, account, cause: "person" }] };
}
