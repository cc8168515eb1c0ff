import { CommandError } from "@countersign/bus";
import {
  type DirectoryClient,
  DirectoryUnreachableError,
  type Person,
  type PrincipalName,
  type StandIn,
} from "@countersign/directory-client";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { principalKey } from "../../projections/actions/principal-key.ts";
import { askOf } from "../../projections/actions/ask.ts";
import type { Place } from "../../projections/actions/who-may-decide.ts";

/**
 * As whom a caller may decide at a time: in its own name, then in the places of others. One question to the directory, however many
 * reviews wait. Somebody unknown or switched off is nobody; where a tenant keeps no directory, what the token says counts.
 * @throws CommandError `UNAVAILABLE` when nobody can say.
 */
export async function placesOf(directory: Pick<DirectoryClient, "resolvePerson">, caller: Principal, at: Date): Promise<readonly Place[]> {
  const { tenant, issuer, id, groups } = caller;
  const found = await directory.resolvePerson(tenant, { principal: { issuer, id } }, at, { withReports: true }).catch(unavailable);
  if (!found.managed) return [place({ names: [`${issuer}#${id}`], groups, principals: [{ issuer, id }] })];
  const { person } = found;
  return person === undefined || !person.active
    ? []
    : [own(person, caller), ...person.standsInFor.map((standIn) => stead(person, standIn, caller))];
}

function unavailable(error: unknown): never {
  if (!(error instanceof DirectoryUnreachableError)) throw error;
  throw new CommandError("UNAVAILABLE", "DIRECTORY_UNREACHABLE", "the directory did not say who the caller is", { cause: error });
}

type Parts = {
  /** By which policy may name it. */
  readonly names?: readonly string[];
  readonly groups: readonly string[];
  readonly onCall?: readonly string[];
  readonly reports?: readonly PrincipalName[] | undefined;
  /** Who confirms, and who is barred. */
  readonly principals: readonly PrincipalName[];
  /** Of these, who may confirm; default: all. */
  readonly confirm?: readonly PrincipalName[];
};

function own(person: Person, token: PrincipalName): Place {
  const { groups, onCall, reports } = person;
  const principals = [...person.principals, token];
  return place({ names: namesOf(person.id, principals), groups, onCall, reports, principals });
}

/** Whoever stands in for some groups only stands in for what those decide. */
function stead(person: Person, { personId, principals, groups, effectiveGroups, reports }: StandIn, token: PrincipalName): Place {
  const self = [...person.principals, token];
  const both = [...self, ...principals];
  if (groups.length > 0) return place({ groups: effectiveGroups, principals: both, confirm: self });
  return place({ names: namesOf(personId, principals), groups: effectiveGroups, reports, principals: both });
}

function namesOf(personId: string, principals: readonly PrincipalName[]): readonly string[] {
  return [personId, ...principals.map(({ issuer, id }) => `${issuer}#${id}`)];
}

function place({ names = [], groups, onCall = [], reports = [], principals, confirm = principals }: Parts): Place {
  return {
    asks: [
      ...groups.map(askOf.group),
      ...names.map(askOf.person),
      ...onCall.map(askOf.onCall),
      ...reports.map((report) => askOf.managerOf(principalKey(report))),
      ...confirm.map((principal) => askOf.confirms(principalKey(principal))),
    ].filter(isStorable),
    principals: principals.map(principalKey).filter(isStorable),
  };
}

/** No stored text has one, and Postgres refuses it. */
function isStorable(text: string): boolean {
  return !text.includes("\0");
}
