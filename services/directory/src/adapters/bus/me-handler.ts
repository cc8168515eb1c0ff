import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import type { CommandHandler } from "@countersign/bus";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { whoIs } from "../../usecases/who-is.ts";
import { ownDelegations } from "./delegation-handlers.ts";
import type { HandlerDeps } from "./deps.ts";
import { toAwayMessage, toDelegationMessage } from "./messages.ts";
import { callerOf } from "./read-request.ts";

/** Who the caller is. */
export function getMeHandler({ directories, tenants, clock }: HandlerDeps): CommandHandler {
  return async (command) => {
    const principal = callerOf(command);
    const { tenant } = principal;
    const settings = tenants.get(tenant);
    if (settings === undefined) return encoded({ principal, managed: false });
    const nowMs = clock().getTime();
    const { person, unknownSchedules } = await whoIs(directories, tenant, settings, { principal }, nowMs);
    const known = { principal, managed: true, unknownSchedules: [...unknownSchedules] };
    if (person === undefined) return encoded(known);
    const directory = await directories.current(tenant);
    const live = ownDelegations(directory, person.id).filter(({ revoked, untilMs }) => !revoked && untilMs > nowMs);
    const away = directory.people.get(person.id)?.away;
    return encoded({
      ...known,
      personId: person.id,
      active: person.active,
      displayName: person.displayName,
      groups: [...person.groups],
      onCall: [...person.onCall],
      principals: person.principals.map((one) => ({ ...one })),
      accounts: person.accounts.map((one) => ({ ...one })),
      delegations: live.map((delegation) => toDelegationMessage(directory, delegation)),
      ...(away !== undefined && away.untilMs > nowMs ? { away: toAwayMessage(away) } : {}),
    });
  };
}

function encoded(reply: MessageInitShape<typeof api.GetMeResponseSchema>): Uint8Array {
  return toBinary(api.GetMeResponseSchema, create(api.GetMeResponseSchema, reply));
}
