import { timestampMs } from "@bufbuild/protobuf/wkt";
import type { CommandHandler } from "@countersign/bus";
import { momentOf, NO_MOMENT } from "@countersign/event-log";
import type { At } from "@countersign/proto/v1/at_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { delegationsOf, findSame, grantDelegation, groupIdsOf, revokeDelegation, setAway } from "../../domain/decide-delegations.ts";
import { findPerson, isLive, personOf, type Delegation, type Directory } from "../../domain/directory.ts";
import type { Directories } from "../../usecases/directories.ts";
import type { HandlerDeps } from "./deps.ts";
import { refusal } from "./failures.ts";
import { handler } from "./handler.ts";
import { toAwayMessage, toDelegationMessage } from "./messages.ts";
import { ownChange, settingsOf } from "./own-person.ts";
import { callerOf, changedBy, invalid, timeOf } from "./read-request.ts";

const MAX_LISTED = 500;

export function createDelegationHandler(deps: HandlerDeps): CommandHandler {
  return handler(api.CreateDelegationRequestSchema, api.CreateDelegationResponseSchema, async (request, command) => {
    const { atMs, me, change } = ownChange(deps, command);
    const fromMs = request.fromTime === undefined ? atMs : timestampMs(request.fromTime);
    const untilMs = timeOf("until_time", request.untilTime);
    const { to, groups } = request;
    const delegationId = deps.newId();
    const directory = await change((current, { id }) =>
      grantDelegation(current, { delegationId, fromId: id, to, groups, fromMs, untilMs, nowMs: atMs }),
    );
    const made = directory.delegations.get(delegationId) ?? existing(directory, me(directory)?.id ?? "", request, untilMs);
    if (made === undefined) throw refusal("unknown_delegation");
    return { delegation: toDelegationMessage(directory, made) };
  });
}

export function revokeDelegationHandler({ directories, tenants, clock }: HandlerDeps): CommandHandler {
  return handler(api.RevokeDelegationRequestSchema, api.RevokeDelegationResponseSchema, async ({ delegationId }, command) => {
    const caller = callerOf(command);
    const settings = settingsOf(tenants, caller.tenant);
    const by = changedBy(command, clock().getTime());
    // Ending one only takes power away: an operator may, and whoever is switched off still may end its own.
    const changed = await directories.change(caller.tenant, by, (directory) =>
      revokeDelegation(directory, delegationId, {
        personId: caller.chain.length === 0 ? personOf(directory, caller, settings.signIn)?.id : undefined,
        operator: caller.roles.includes("operator"),
      }),
    );
    if (!changed.ok) throw refusal(changed.code);
    const revoked = changed.directory.delegations.get(delegationId);
    return revoked === undefined ? {} : { delegation: toDelegationMessage(changed.directory, revoked) };
  });
}

export function listDelegationsHandler({ directories, tenants, clock }: HandlerDeps): CommandHandler {
  return handler(api.ListDelegationsRequestSchema, api.ListDelegationsResponseSchema, async ({ all, past, at }, command) => {
    const caller = callerOf(command);
    const { signIn } = settingsOf(tenants, caller.tenant);
    const mayAll = all && caller.roles.some((role) => role === "auditor" || role === "operator");
    if (all && !mayAll) throw refusal("not_yours");
    const current = { directory: await directories.current(caller.tenant), nowMs: clock().getTime() };
    // Who asks is whom the directory knows now, also when it is about the past.
    const me = personOf(current.directory, caller, signIn);
    if (!mayAll && me === undefined) throw refusal("not_in_directory");
    const { directory, nowMs } = at === undefined ? current : await directoryAt(directories, caller.tenant, at);
    const found = mayAll ? [...directory.delegations.values()] : ownDelegations(directory, me?.id ?? "");
    const delegations = found
      .filter((one) => past || isLive(one, nowMs))
      .toSorted((one, other) => (one.id < other.id ? 1 : -1))
      .slice(0, MAX_LISTED)
      .map((delegation) => toDelegationMessage(directory, delegation));
    return { delegations };
  });
}

/** At a position it is as late as the last change up to there. */
async function directoryAt(directories: Directories, tenant: string, at: At): Promise<{ directory: Directory; nowMs: number }> {
  const moment = momentOf(at);
  if (moment === undefined) throw invalid("at", NO_MOMENT);
  const { directory, changedAtMs } = await directories.past(tenant, moment);
  return { directory, nowMs: "time" in moment ? moment.time.getTime() : changedAtMs };
}

export function setAwayHandler(deps: HandlerDeps): CommandHandler {
  return handler(api.SetAwayRequestSchema, api.SetAwayResponseSchema, async ({ fromTime, untilTime, deputy }, command) => {
    const { atMs, me, change } = ownChange(deps, command);
    const period = untilTime && { fromMs: fromTime === undefined ? atMs : timestampMs(fromTime), untilMs: timestampMs(untilTime), deputy };
    const directory = await change((current, { id }) => setAway(current, { personId: id, nowMs: atMs, period }));
    const away = me(directory)?.away;
    return away === undefined ? {} : { away: toAwayMessage(away) };
  });
}

/** Given and received. */
export function ownDelegations(directory: Directory, personId: string): readonly Delegation[] {
  return [...delegationsOf(directory.delegationsFrom, directory, personId), ...delegationsOf(directory.delegationsTo, directory, personId)];
}

/** The delegation that a repeated call made the first time. */
function existing(
  directory: Directory,
  fromId: string,
  { to, groups }: api.CreateDelegationRequest,
  untilMs: number,
): Delegation | undefined {
  const groupIds = groupIdsOf(directory, groups, directory.groupsOf.get(fromId) ?? new Set());
  const toId = findPerson(directory, to)?.id;
  return groupIds === undefined || toId === undefined ? undefined : findSame(directory, { fromId, toId, groupIds, untilMs });
}
