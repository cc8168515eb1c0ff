import type { CommandHandler } from "@countersign/bus";
import { createDelegationHandler, listDelegationsHandler, revokeDelegationHandler, setAwayHandler } from "./delegation-handlers.ts";
import type { HandlerDeps } from "./deps.ts";
import { erasePersonHandler } from "./erase-handler.ts";
import { getLinkOfferHandler, linkAccountHandler, offerLinkHandler, unlinkAccountHandler } from "./link-handlers.ts";
import { getMeHandler } from "./me-handler.ts";
import { listReviewersHandler, resolvePersonHandler } from "./resolve-handlers.ts";

/** Every method of the service `directory`. */
export function createHandlers(deps: HandlerDeps): Readonly<Record<string, CommandHandler>> {
  return {
    ResolvePerson: resolvePersonHandler(deps),
    ListReviewers: listReviewersHandler(deps),
    OfferLink: offerLinkHandler(deps),
    GetMe: getMeHandler(deps),
    CreateDelegation: createDelegationHandler(deps),
    RevokeDelegation: revokeDelegationHandler(deps),
    ListDelegations: listDelegationsHandler(deps),
    SetAway: setAwayHandler(deps),
    GetLinkOffer: getLinkOfferHandler(deps),
    LinkAccount: linkAccountHandler(deps),
    UnlinkAccount: unlinkAccountHandler(deps),
    ErasePerson: erasePersonHandler(deps),
  };
}
