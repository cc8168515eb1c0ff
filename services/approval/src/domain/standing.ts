import { type PrincipalRef, samePrincipal } from "./principal.ts";

/** A human as the directory, or for want of one the token, knows it at one moment. */
export type Standing = {
  /** Names the human: its id in the directory, or `<issuer>#<id>`. */
  readonly person: string;
  /** Every principal that is this human. */
  readonly principals: readonly PrincipalRef[];
  readonly groups: readonly string[];
  readonly teams: readonly string[];
  /** Schedules in which it is on call. */
  readonly onCall: readonly string[];
  readonly managesRequester: boolean;
  /** In whose place it speaks. Groups are then those of that person which this covers. */
  readonly inPlaceOf: Place | undefined;
};

/** The place of another human: in everything, or for some groups only. */
export type Place = { readonly person: string; readonly principals: readonly PrincipalRef[]; readonly entirely: boolean };

/** The humans who speak with it: both the one who stands in and the one who is stood in for. */
export function humansOf({ person, inPlaceOf }: Standing): readonly string[] {
  return inPlaceOf === undefined ? [person] : [person, inPlaceOf.person];
}

/** P3: one human is one vote. A stand-in and whom it stands in for are one. */
export function sameHuman(one: Standing, other: Standing): boolean {
  const humans = humansOf(other);
  return humansOf(one).some((human) => humans.includes(human)) || sharesPrincipal(one, principalsOf(other));
}

/** It is, or speaks in the place of, one of these principals. */
export function sharesPrincipal(standing: Standing, others: readonly PrincipalRef[]): boolean {
  return principalsOf(standing).some((own) => others.some((other) => samePrincipal(own, other)));
}

export function principalsOf({ principals, inPlaceOf }: Standing): readonly PrincipalRef[] {
  return inPlaceOf === undefined ? principals : [...principals, ...inPlaceOf.principals];
}
