import { DirectoryUnreachableError, type Person, type Resolved, type StandIn } from "@countersign/directory-client";
import type { VoterNow } from "../domain/recount.ts";
import { type Principal, type PrincipalRef, samePrincipal, toRef } from "../domain/principal.ts";
import { causersOf } from "../domain/separation-of-duties.ts";
import { leavesOf } from "../domain/stage.ts";
import type { Standing } from "../domain/standing.ts";
import type { ActionState, RecordedAction } from "../domain/state.ts";
import type { Instant } from "../domain/values.ts";
import { countingVotes } from "../domain/votes.ts";
import type { Deps } from "./ports.ts";

type Asks = Pick<Deps, "directory">;

/** As whom a reviewer may speak, the earlier voters as they are known now, and those who caused the request and whom nobody knows. */
export type Speakers = {
  readonly standings: readonly Standing[];
  readonly voters: readonly VoterNow[];
  readonly strangers: readonly PrincipalRef[];
};

/** P3, P7: who speaks, as the directory knows it at this moment. Undefined when nobody can say: then nobody decides. */
export async function whoSpeaks(deps: Asks, reviewer: Principal, state: ActionState, at: Instant): Promise<Speakers | undefined> {
  if (state.status === "NONE") return { standings: [], voters: [], strangers: [] };
  try {
    const behind = [strangersBehind(deps, state.requester, at), managerOf(deps, reviewer.tenant, state, at)] as const;
    const [strangers, manager] = await Promise.all(behind);
    const standings = await standingsOf(deps, reviewer, { manager, at });
    const votes = state.status === "IN_REVIEW" ? countingVotes(state) : [];
    const voters = votes.map(async (vote): Promise<VoterNow> => {
      const found = await resolve(deps, reviewer.tenant, vote.reviewer, at);
      // What a token said then is all that is known of somebody who is not in a directory.
      return { reviewer: vote.reviewer, standings: found.managed ? fromPerson(found.person, vote.reviewer, manager) : [vote.standing] };
    });
    return { standings, voters: await Promise.all(voters), strangers };
  } catch (error) {
    if (error instanceof DirectoryUnreachableError) return undefined;
    throw error;
  }
}

/**
 * P3: humans who caused a request, or who may be, and of whom the tenant's directory does not know whose accounts they are.
 * @throws DirectoryUnreachableError when nobody can say.
 */
export async function strangersBehind(deps: Asks, requester: Principal, at: Instant): Promise<readonly PrincipalRef[]> {
  const humans = causersOf(requester).filter(({ mayBeHuman }) => mayBeHuman);
  const found = await Promise.all(humans.map((human) => resolve(deps, requester.tenant, human, at)));
  return humans.filter((_, index) => isStranger(found[index]));
}

function isStranger(found: Resolved | undefined): boolean {
  return found === undefined || (found.managed && found.person === undefined && found.known !== true);
}

/** P3: every principal that is the same human, also when it is switched off; undefined when nobody can say. */
export async function principalsOf(deps: Asks, caller: Principal, at: Instant): Promise<readonly PrincipalRef[] | undefined> {
  try {
    const found = await resolve(deps, caller.tenant, caller, at);
    return found.managed ? (found.person?.principals ?? []) : [];
  } catch (error) {
    if (error instanceof DirectoryUnreachableError) return undefined;
    throw error;
  }
}

async function standingsOf(
  deps: Asks,
  reviewer: Principal,
  known: { readonly manager: string | undefined; readonly at: Instant },
): Promise<readonly Standing[]> {
  const found = await resolve(deps, reviewer.tenant, reviewer, known.at);
  return found.managed ? fromPerson(found.person, reviewer, known.manager) : [fromToken(reviewer)];
}

function resolve({ directory }: Asks, tenant: string, who: PrincipalRef, at: Instant): Promise<Resolved> {
  return directory.resolvePerson(tenant, { principal: toRef(who) }, new Date(at));
}

/** The manager of the human behind the request, where a stage asks for it. */
async function managerOf(deps: Asks, tenant: string, state: RecordedAction, at: Instant): Promise<string | undefined> {
  const behind = asksManager(state) ? humanBehind(state.requester) : undefined;
  const found = behind && (await resolve(deps, tenant, behind, at));
  return found?.managed ? found.person?.managerId : undefined;
}

/** Whom an agent acts for in the end, or else who answers for it. */
function humanBehind(requester: Principal): PrincipalRef | undefined {
  return requester.type === "human" && requester.chain.length === 0 ? requester : (requester.chain.at(-1) ?? requester.owner);
}

function asksManager(state: RecordedAction): boolean {
  const stages = "review" in state && state.review !== undefined ? state.review.stages : [];
  const asked = stages.flatMap(({ quorum, escalation }) => [...leavesOf(quorum).flatMap(({ of }) => of), ...(escalation?.to ?? [])]);
  return asked.some(({ kind }) => kind === "requester_manager");
}

function fromToken({ issuer, id, groups }: Principal): Standing {
  const principals = [{ issuer, id }];
  return { person: `${issuer}#${id}`, principals, groups, teams: [], onCall: [], managesRequester: false, inPlaceOf: undefined };
}

/** In its own name first. Somebody unknown or switched off is nobody. */
function fromPerson(person: Person | undefined, token: PrincipalRef, manager: string | undefined): readonly Standing[] {
  if (person === undefined || !person.active) return [];
  const { id, groups, teams, onCall } = person;
  const known = person.principals.some((principal) => samePrincipal(principal, token));
  const principals = known ? person.principals : [...person.principals, toRef(token)];
  const own: Standing = { person: id, principals, groups, teams, onCall, managesRequester: manager === id, inPlaceOf: undefined };
  return [own, ...placesIn(person.standsInFor).map((place) => inPlaceOf(own, place, manager))];
}

/** Several delegations of one human are one place: a vote is found again by whose place it was cast in. */
function placesIn(standsInFor: readonly StandIn[]): readonly StandIn[] {
  return [...Map.groupBy(standsInFor, ({ personId }) => personId).values()].flatMap((places) => {
    const whole = places.find(({ groups }) => groups.length === 0) ?? places[0];
    if (whole === undefined || whole.groups.length === 0) return whole ?? [];
    const joined = (of: (place: StandIn) => readonly string[]) => [...new Set(places.flatMap(of))];
    return { ...whole, groups: joined(({ groups }) => groups), effectiveGroups: joined(({ effectiveGroups }) => effectiveGroups) };
  });
}

function inPlaceOf(own: Standing, { personId, principals, groups, effectiveGroups }: StandIn, manager: string | undefined): Standing {
  const entirely = groups.length === 0;
  return {
    ...own,
    groups: effectiveGroups,
    onCall: [],
    managesRequester: entirely && manager === personId,
    inPlaceOf: { person: personId, principals, entirely },
  };
}
