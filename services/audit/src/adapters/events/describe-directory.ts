import type { DirectoryEvent } from "@countersign/events";
import type { ChannelAccount } from "@countersign/proto/event/v1/directory_events_pb";
import { plainText } from "./plain-text.ts";
import { until } from "./who-and-when.ts";

/** One line for people on a change of the directory. People are named by their ids: what they are called may be erased. */
export function describeDirectoryEvent({ type, data }: DirectoryEvent): string {
  switch (type) {
    case "PersonProvisioned":
      return `person ${plainText(data.personId)} came into the directory${data.active ? "" : ", switched off"}`;
    case "PersonChanged":
      return `the profile of person ${plainText(data.personId)} changed`;
    case "PersonDeactivated":
      return `person ${plainText(data.personId)} was ${data.removed ? "removed" : "switched off"}`;
    case "PersonReactivated":
      return `person ${plainText(data.personId)} was switched on again`;
    case "GroupChanged":
      return `group ${plainText(data.groupId)} is called ${plainText(data.name)}`;
    case "GroupRemoved":
      return `group ${plainText(data.groupId)} was removed`;
    case "MembersChanged":
      return `group ${plainText(data.groupId)}: ${people(data.added)} joined, ${people(data.removed)} left`;
    case "LinkOffered":
      return `a code was shown to ${account(data.account)}${until(data.expireTime)}`;
    case "AccountLinked":
      return `${account(data.account)} is person ${plainText(data.personId)}'s`;
    case "AccountUnlinked":
      return `${account(data.account)} is no longer person ${plainText(data.personId)}'s`;
    case "DelegationGranted":
      return `person ${plainText(data.toPersonId)} may decide in the place of ${plainText(data.fromPersonId)}${until(data.untilTime)}`;
    case "DelegationRevoked":
      return `delegation ${plainText(data.delegationId)} was revoked`;
    case "AwaySet":
      return data.fromTime === undefined
        ? `person ${plainText(data.personId)} is back`
        : `person ${plainText(data.personId)} is away${until(data.untilTime)}${data.deputyId === "" ? "" : `; ${plainText(data.deputyId)} decides meanwhile`}`;
  }
}

function people(ids: readonly string[]): string {
  if (ids.length === 0) return "nobody";
  return ids.length <= 3 ? ids.map((id) => plainText(id)).join(", ") : `${ids.length} people`;
}

function account(of: ChannelAccount | undefined): string {
  return of === undefined ? "an account" : `${plainText(of.channel)} account ${plainText(of.workspace)}/${plainText(of.id)}`;
}
