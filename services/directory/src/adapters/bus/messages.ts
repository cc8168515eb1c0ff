import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import type { Delegation, Directory } from "../../domain/directory.ts";
import type { AwayPeriod } from "../../domain/events.ts";
import { nameOf } from "../../domain/profile.ts";
import type { PersonView, Reports } from "../../domain/resolve.ts";

export function toPersonMessage(person: PersonView, reports?: Reports): wire.Person {
  return create(wire.PersonSchema, {
    ...person,
    groups: [...person.groups],
    teams: [...person.teams],
    principals: person.principals.map((principal) => ({ ...principal })),
    accounts: person.accounts.map((account) => ({ ...account })),
    onCall: [...person.onCall],
    roles: [...person.roles],
    reports: (reports?.own ?? []).map((principal) => ({ ...principal })),
    standsInFor: person.standsInFor.map(({ personId, groups, untilMs, principals, effectiveGroups }) => ({
      personId,
      groups: [...groups],
      untilTime: timestampFromMs(untilMs),
      principals: principals.map((principal) => ({ ...principal })),
      effectiveGroups: [...effectiveGroups],
      reports: (reports?.inPlaceOf.get(personId) ?? []).map((principal) => ({ ...principal })),
    })),
  });
}

export function toDelegationMessage(directory: Directory, delegation: Delegation): api.Delegation {
  const { id, fromId, toId, groupIds, fromMs, untilMs, revoked } = delegation;
  const name = (personId: string): string => {
    const person = directory.people.get(personId);
    return person === undefined ? "" : nameOf(person.profile);
  };
  return create(api.DelegationSchema, {
    id,
    fromPersonId: fromId,
    toPersonId: toId,
    groups: groupIds.map((group) => directory.groups.get(group)?.name ?? "(a group that is gone)"),
    fromTime: timestampFromMs(fromMs),
    untilTime: timestampFromMs(untilMs),
    revoked,
    fromDisplayName: name(fromId),
    toDisplayName: name(toId),
  });
}

export function toAwayMessage({ fromMs, untilMs, deputyId }: AwayPeriod): api.Away {
  return create(api.AwaySchema, { fromTime: timestampFromMs(fromMs), untilTime: timestampFromMs(untilMs), deputyId });
}
