import { create, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandHandler } from "@countersign/bus";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { createHash } from "node:crypto";
import { linkAccount, OFFER_MS, offerLink, unlinkAccount } from "../../domain/decide-links.ts";
import type { Account } from "../../domain/profile.ts";
import type { HandlerDeps } from "./deps.ts";
import { refusal } from "./failures.ts";
import { ownChange } from "./own-person.ts";
import { callerOf, invalid, readRequest } from "./read-request.ts";

/** A channel asks for a code. Only services send this: the front door has no such call. */
export function offerLinkHandler({ directories, tenants, clock, newCode }: HandlerDeps): CommandHandler {
  return async (command) => {
    const caller = callerOf(command);
    if (caller.type !== PrincipalType.SERVICE) {
      throw new CommandError("PERMISSION_DENIED", "NOT_ELIGIBLE", "Only a channel's service may ask for a code.");
    }
    const { account } = readRequest(wire.OfferLinkRequestSchema, command);
    if (account === undefined || account.channel === "" || account.id === "") throw invalid("account", "is required, with channel and id");
    const reply = create(wire.OfferLinkResponseSchema, { managed: tenants.has(caller.tenant) });
    if (reply.managed) {
      const { channel, workspace, id } = account;
      const code = newCode();
      const nowMs = clock().getTime();
      const by = { actor: { issuer: caller.issuer, id: caller.id }, atMs: nowMs, traceparent: command.traceparent };
      const changed = await directories.change(caller.tenant, by, (directory) =>
        offerLink(directory, { codeDigest: digestOf(code), account: { channel, workspace, id }, nowMs }),
      );
      if (!changed.ok) throw refusal(changed.code);
      reply.code = code;
      reply.expireTime = timestampFromMs(nowMs + OFFER_MS);
    }
    return toBinary(wire.OfferLinkResponseSchema, reply);
  };
}

export function linkAccountHandler(deps: HandlerDeps): CommandHandler {
  return async (command) => {
    const { code } = readRequest(api.LinkAccountRequestSchema, command);
    const { atMs, change } = ownChange(deps, command);
    const codeDigest = digestOf(code);
    let account: Account | undefined;
    await change((directory, { id }) => {
      account = (directory.offers.get(codeDigest) ?? directory.usedOffers.get(codeDigest))?.account;
      return linkAccount(directory, { personId: id, codeDigest, nowMs: atMs });
    });
    return toBinary(api.LinkAccountResponseSchema, create(api.LinkAccountResponseSchema, account && { account }));
  };
}

export function unlinkAccountHandler(deps: HandlerDeps): CommandHandler {
  return async (command) => {
    const { account } = readRequest(api.UnlinkAccountRequestSchema, command);
    if (account === undefined) throw invalid("account", "is required");
    const { channel, workspace, id } = account;
    await ownChange(deps, command).change((directory, me) => unlinkAccount(directory, me.id, { channel, workspace, id }));
    return toBinary(api.UnlinkAccountResponseSchema, create(api.UnlinkAccountResponseSchema));
  };
}

/** Codes are copied by people: case, spaces and hyphens do not matter. */
function digestOf(code: string): string {
  return createHash("sha256").update(code.toUpperCase().replaceAll(/[\s-]/g, "")).digest("hex");
}
