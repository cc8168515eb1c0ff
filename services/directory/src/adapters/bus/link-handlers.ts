import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandHandler } from "@countersign/bus";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { linkAccount, offered, OFFER_MS, offerLink, unlinkAccount } from "../../domain/decide-links.ts";
import { PAGER_DUTY } from "../../domain/profile.ts";
import type { HandlerDeps } from "./deps.ts";
import { refusal } from "./failures.ts";
import { handler } from "./handler.ts";
import { digestOf, openNames, sealNames } from "./link-code.ts";
import { ownChange } from "./own-person.ts";
import { callerOf, changedBy, invalid, signedIn } from "./read-request.ts";

/** A channel asks for a code. Only services send this: the front door has no such call. */
export function offerLinkHandler({ directories, tenants, clock, newCode }: HandlerDeps): CommandHandler {
  return handler(wire.OfferLinkRequestSchema, wire.OfferLinkResponseSchema, async ({ account, displayName, workspaceName }, command) => {
    const caller = callerOf(command);
    if (caller.type !== PrincipalType.SERVICE) {
      throw new CommandError("PERMISSION_DENIED", "NOT_ELIGIBLE", "Only a channel's service may ask for a code.");
    }
    if (account === undefined || account.channel === "" || account.id === "") throw invalid("account", "is required, with channel and id");
    // P3: nobody clicks there, and whoever is somebody there is on call.
    if (account.channel === PAGER_DUTY)
      throw invalid("account.channel", "must be one that people answer in: the identity provider says who is who at PagerDuty");
    if (!tenants.has(caller.tenant)) return { managed: false };
    const { channel, workspace, id } = account;
    const code = newCode();
    const sealedNames = sealNames(code, { displayName, workspaceName });
    const nowMs = clock().getTime();
    const changed = await directories.change(caller.tenant, changedBy(command, nowMs), (directory) =>
      offerLink(directory, { codeDigest: digestOf(code), account: { channel, workspace, id }, sealedNames, nowMs }),
    );
    if (!changed.ok) throw refusal(changed.code);
    return { managed: true, code, expireTime: timestampFromMs(nowMs + OFFER_MS) };
  });
}

/** What a code links, for a person to look at. */
export function getLinkOfferHandler(deps: HandlerDeps): CommandHandler {
  return handler(api.GetLinkOfferRequestSchema, api.GetLinkOfferResponseSchema, async ({ code }, command) => {
    const { tenant } = signedIn(command);
    const { atMs, me } = ownChange(deps, command);
    const directory = await deps.directories.current(tenant);
    if (me(directory) === undefined) throw refusal("not_in_directory");
    const offer = offered(directory, digestOf(code), atMs);
    if ("rejection" in offer) throw refusal(offer.rejection);
    return { account: offer.account, ...openNames(code, offer.sealedNames), expireTime: timestampFromMs(offer.expiresMs) };
  });
}

export function linkAccountHandler(deps: HandlerDeps): CommandHandler {
  return handler(api.LinkAccountRequestSchema, api.LinkAccountResponseSchema, async (request, command) => {
    if (request.account === undefined) throw invalid("account", "is required: the one that GetLinkOffer shows, if it is yours");
    const { channel, workspace, id } = request.account;
    const account = { channel, workspace, id };
    signedIn(command);
    const { atMs, change } = ownChange(deps, command);
    const codeDigest = digestOf(request.code);
    await change((directory, me) => linkAccount(directory, { personId: me.id, codeDigest, account, nowMs: atMs }));
    return { account };
  });
}

export function unlinkAccountHandler(deps: HandlerDeps): CommandHandler {
  return handler(api.UnlinkAccountRequestSchema, api.UnlinkAccountResponseSchema, async ({ account }, command) => {
    if (account === undefined) throw invalid("account", "is required");
    const { channel, workspace, id } = account;
    await ownChange(deps, command).change((directory, me) => unlinkAccount(directory, me.id, { channel, workspace, id }));
    return {};
  });
}
