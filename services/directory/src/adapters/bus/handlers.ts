import type { CommandHandler } from "@countersign/bus";
import { createDelegationHandler, listDelegationsHandler, revokeDelegationHandler, setAwayHandler } from "./delegation-handlers.ts";
import type { HandlerDeps } from "./deps.ts";
import { erasePersonHandler } from "./erase-handler.ts";
import { storeFailure } from "./failures.ts";
import { getLinkOfferHandler, linkAccountHandler, offerLinkHandler, unlinkAccountHandler } from "./link-handlers.ts";
import { getMeHandler } from "./me-handler.ts";
import { listReviewersHandler, resolvePersonHandler } from "./resolve-handlers.ts";

/** Every method of the service `directory`. */
export function createHandlers(deps: HandlerDeps): Readonly<Record<string, CommandHandler>> {
  return {
    ResolvePerson: guarded(resolvePersonHandler(deps)),
    ListReviewers: guarded(listReviewersHandler(deps)),
    OfferLink: guarded(offerLinkHandler(deps)),
    GetMe: guarded(getMeHandler(deps)),
    CreateDelegation: guarded(createDelegationHandler(deps)),
    RevokeDelegation: guarded(revokeDelegationHandler(deps)),
    ListDelegations: guarded(listDelegationsHandler(deps)),
    SetAway: guarded(setAwayHandler(deps)),
    GetLinkOffer: guarded(getLinkOfferHandler(deps)),
    LinkAccount: guarded(linkAccountHandler(deps)),
    UnlinkAccount: guarded(unlinkAccountHandler(deps)),
    ErasePerson: guarded(erasePersonHandler(deps)),
  };
}

function guarded(handler: CommandHandler): CommandHandler {
  return async (command) => {
    try {
      return await handler(command);
    } catch (error) {
      throw storeFailure(error);
    }
  };
}
