import type { AtLeast, Quorum, Stage } from "./stage.ts";
import type { Standing } from "./standing.ts";

/** Whether somebody may count for one part of a quorum. */
export type CountsFor = (voter: Standing, part: AtLeast) => boolean;

/** What policy may ask of whoever counts votes. */
const MOST_ALTERNATIVES = 32;
const MOST_PEOPLE = 100;

/** Steps that the search for people of distinct teams may take. Beyond, the quorum is not reached: another approval makes it easier. */
const MOST_STEPS = 50_000;

/**
 * These people, each one human, are what the stage needs: one of the quorum's alternatives can be filled with each of them in one place
 * only. More approvals never make it worse.
 */
export function reachesQuorum({ quorum, distinctTeams }: Stage, voters: readonly Standing[], countsFor: CountsFor): boolean {
  return alternativesOf(quorum).some((parts) => {
    const places = parts.flatMap((part) => {
      const candidates = voters.flatMap((voter, index) => (countsFor(voter, part) ? [index] : []));
      return Array.from({ length: part.count }, () => candidates);
    });
    if (places.length === 0 || !canSeat(places)) return false;
    return !distinctTeams || canSeatByTeam(places, voters);
  });
}

/** A quorum that this build can count. Policy makes no others; whatever asks for more is nobody's. */
export function isCountable(quorum: Quorum): boolean {
  const [alternatives, people] = sizeOf(quorum);
  return alternatives >= 1 && alternatives <= MOST_ALTERNATIVES && people <= MOST_PEOPLE;
}

/** Ways to be reached, and the most people that one of them takes; NaN when a part makes no sense. */
function sizeOf(quorum: Quorum): readonly [number, number] {
  if (quorum.kind === "at_least") return quorum.count >= 1 ? [1, quorum.count] : [Number.NaN, Number.NaN];
  const sizes = quorum.of.map(sizeOf);
  if (quorum.kind === "any") return [sizes.reduce((sum, [ways]) => sum + ways, 0), Math.max(...sizes.map(([, people]) => people))];
  if (sizes.length === 0) return [Number.NaN, Number.NaN];
  return [sizes.reduce((product, [ways]) => product * ways, 1), sizes.reduce((sum, [, people]) => sum + people, 0)];
}

function alternativesOf(quorum: Quorum): readonly (readonly AtLeast[])[] {
  if (!isCountable(quorum)) return [];
  if (quorum.kind === "at_least") return [[quorum]];
  const parts = quorum.of.map(alternativesOf);
  if (quorum.kind === "any") return parts.flat();
  return parts.reduce((sofar, part) => sofar.flatMap((before) => part.map((after) => [...before, ...after])), [[]]);
}

/** Bipartite matching by augmenting paths: each place gets one of its candidates, nobody gets two. */
function canSeat(places: readonly (readonly number[])[]): boolean {
  const seatOf = new Map<number, number>();
  const seat = (place: number, tried: Set<number>): boolean =>
    (places[place] ?? []).some((candidate) => {
      if (tried.has(candidate)) return false;
      tried.add(candidate);
      const taken = seatOf.get(candidate);
      if (taken !== undefined && !seat(taken, tried)) return false;
      seatOf.set(candidate, place);
      return true;
    });
  return places.every((_, place) => seat(place, new Set()));
}

/** The same with nobody beside somebody of the same team. Whoever is in no team cannot be told from the others. */
function canSeatByTeam(places: readonly (readonly number[])[], voters: readonly Standing[]): boolean {
  let steps = 0;
  const teamsOf = voters.map((voter) => voter.teams.map(comparable).filter((team) => team !== ""));
  const teams = new Set<string>();
  const seat = (place: number, after: number): boolean => {
    const candidates = places[place];
    if (candidates === undefined) return true;
    // Places of one part share their candidates: in ascending order no set of people is tried twice.
    const from = places[place - 1] === candidates ? after : -1;
    return candidates.some((candidate) => {
      const own = teamsOf[candidate] ?? [];
      if (candidate <= from || own.length === 0 || own.some((team) => teams.has(team)) || (steps += 1) > MOST_STEPS) return false;
      for (const team of own) teams.add(team);
      if (seat(place + 1, candidate)) return true;
      for (const team of own) teams.delete(team);
      return false;
    });
  };
  return seat(0, -1);
}

/** People type them: `Data Platform` and `data platform ` are one team, however they are encoded. */
function comparable(team: string): string {
  return team.normalize("NFKC").toLowerCase().replaceAll(/\s+/gu, " ").trim();
}
