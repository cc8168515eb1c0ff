import { timestampMs } from "@bufbuild/protobuf/wkt";
import type * as wire from "@countersign/proto/internal/v1/directory_pb";
import type { Person, StandIn } from "./person.ts";

/** @throws Error when it says less than it must. */
export function fromPersonMessage(message: wire.Person): Person {
  if (message.id === "") throw new Error("the directory named a person without an id");
  return {
    id: message.id,
    displayName: message.displayName,
    active: message.active,
    groups: message.groups,
    teams: message.teams,
    principals: message.principals.map(({ issuer, id }) => ({ issuer, id })),
    accounts: message.accounts.map(({ channel, workspace, id }) => ({ channel, workspace, id })),
    email: message.email,
    managerId: message.managerId === "" ? undefined : message.managerId,
    onCall: message.onCall,
    standsInFor: message.standsInFor.map(fromStandInMessage),
    away: message.away,
    ...reportsIn(message),
    roles: message.roles,
  };
}

function fromStandInMessage(message: wire.StandIn): StandIn {
  if (message.untilTime === undefined || message.personId === "") throw new Error("the directory named a stand-in without whom or an end");
  return {
    personId: message.personId,
    groups: message.groups,
    untilMs: timestampMs(message.untilTime),
    principals: message.principals.map(({ issuer, id }) => ({ issuer, id })),
    effectiveGroups: message.effectiveGroups,
    ...reportsIn(message),
  };
}

function reportsIn({ reports }: wire.Person | wire.StandIn) {
  return reports.length === 0 ? {} : { reports: reports.map(({ issuer, id }) => ({ issuer, id })) };
}
