import type { CommandHandler } from "@countersign/bus";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { isLive } from "../../domain/directory.ts";
import { whoIs } from "../../usecases/who-is.ts";
import { ownDelegations } from "./delegation-handlers.ts";
import type { HandlerDeps } from "./deps.ts";
import { handler } from "./handler.ts";
import { toAwayMessage, toDelegationMessage } from "./messages.ts";
import { callerOf } from "./read-request.ts";

/** Who the caller is. */
export function getMeHandler({ directories, tenants, clock }: HandlerDeps): CommandHandler {
  return handler(api.GetMeRequestSchema, api.GetMeResponseSchema, async (_request, command) => {
    const principal = callerOf(command);
    const { tenant } = principal;
    const settings = tenants.get(tenant);
    if (settings === undefined) return { principal, managed: false };
    const nowMs = clock().getTime();
    const { person, unknownSchedules } = await whoIs(directories, tenant, settings, { principal }, nowMs);
    const known = { principal, managed: true, unknownSchedules: [...unknownSchedules] };
    if (person === undefined) return known;
    const directory = await directories.current(tenant);
    const live = ownDelegations(directory, person.id).filter((one) => isLive(one, nowMs));
    const away = directory.people.get(person.id)?.away;
    return {
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
    };
  });
}
