import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { principal, stage, standing } from "../testing/fixtures.ts";
import { isCountable, reachesQuorum, type CountsFor } from "./quorum.ts";
import { type AtLeast, leavesOf, type Quorum } from "./stage.ts";
import type { Standing } from "./standing.ts";

const voter = (id: string, groups: readonly string[], teams: readonly string[] = []): Standing =>
  standing(principal(id, { groups }), { teams });
const atLeast = (count: number, ...groups: readonly string[]): AtLeast => ({
  kind: "at_least",
  count,
  of: groups.map((name) => ({ kind: "group", name })),
});
const inGroup: CountsFor = ({ groups }, { of }) => of.some((selector) => selector.kind === "group" && groups.includes(selector.name));
const reached = (quorum: Quorum, voters: readonly Standing[], distinctTeams = false) =>
  reachesQuorum(stage([], 1, { quorum, distinctTeams }), voters, inGroup);

const both: Quorum = { kind: "all", of: [atLeast(2, "sre"), atLeast(1, "security")] };

describe("P3: a quorum is of distinct humans", () => {
  it.each<[string, Quorum, readonly Standing[], boolean]>([
    ["nobody is no quorum", atLeast(1, "sre"), [], false],
    ["two of two", atLeast(2, "sre"), [voter("a", ["sre"]), voter("b", ["sre"])], true],
    ["somebody in both groups counts once", both, [voter("a", ["sre", "security"]), voter("b", ["sre"])], false],
    ["and fills the place that is left", both, [voter("a", ["sre", "security"]), voter("b", ["sre"]), voter("c", ["security"])], true],
    [
      "whoever could take either place takes the one that nobody else can",
      both,
      [voter("a", ["sre", "security"]), voter("b", ["sre"]), voter("c", ["sre"])],
      true,
    ],
    ["one side of an or", { kind: "any", of: [atLeast(3, "sre"), atLeast(1, "cto")] }, [voter("a", ["cto"])], true],
    ["a quorum of none", atLeast(0, "sre"), [voter("a", ["sre"])], false],
    ["all of nothing", { kind: "all", of: [] }, [voter("a", ["sre"])], false],
  ])("%s", (_what, quorum, voters, expected) => {
    expect(reached(quorum, voters)).toBe(expected);
  });

  it("of distinct teams takes nobody beside a colleague, and nobody without a team", () => {
    expect(reached(atLeast(2, "sre"), [voter("a", ["sre"], ["db"]), voter("b", ["sre"], ["db"])], true)).toBe(false);
    expect(reached(atLeast(2, "sre"), [voter("a", ["sre"], ["db"]), voter("b", ["sre"])], true)).toBe(false);
    const bridge = voter("b", ["sre"], ["db", "web"]);
    expect(reached(atLeast(2, "sre"), [voter("a", ["sre"], ["db"]), bridge, voter("c", ["sre"], ["web"])], true)).toBe(true);
  });

  it.each([
    ["Platform", "platform "],
    ["Data  Platform", "data\u00a0platform"],
    ["Zo\u00eb", "Zoe\u0308"],
    ["Platform", " "],
  ])("%j and %j are not two teams", (one, other) => {
    expect(reached(atLeast(2, "sre"), [voter("a", ["sre"], [one]), voter("b", ["sre"], [other])], true)).toBe(false);
  });

  it("P7: gives up on what it cannot count", () => {
    const or = { kind: "any" as const, of: [atLeast(1, "a"), atLeast(1, "b")] };
    expect(isCountable({ kind: "all", of: [or, or, or, or, or] })).toBe(true);
    expect(isCountable({ kind: "all", of: [or, or, or, or, or, or] })).toBe(false);
    expect(isCountable(atLeast(101, "a"))).toBe(false);
    expect(isCountable({ kind: "any", of: [atLeast(0, "a"), atLeast(1, "a")] })).toBe(false);
  });

  it("is decided in bounded time, whatever the teams", () => {
    const crowd = Array.from({ length: 60 }, (_, index) => voter(`v${index}`, ["sre"], [`t${index % 9}`, `u${index % 7}`]));
    expect(reached(atLeast(20, "sre"), crowd, true)).toBe(false);
  });

  const groups = ["sre", "security", "dba"];
  const someVoters = fc.array(fc.record({ groups: fc.subarray(groups, { minLength: 1 }), teams: fc.subarray(["x", "y", "z"]) }), {
    maxLength: 5,
  });
  const leaf = fc.tuple(fc.integer({ min: 1, max: 2 }), fc.subarray(groups, { minLength: 1 })).map(([count, of]) => atLeast(count, ...of));
  const someQuorum = fc.letrec<{ quorum: Quorum }>((tie) => ({
    quorum: fc.oneof(
      { maxDepth: 2 },
      leaf,
      fc.record({ kind: fc.constantFrom("all" as const, "any" as const), of: fc.array(tie("quorum"), { minLength: 1, maxLength: 2 }) }),
    ),
  })).quorum;

  it("agrees with trying every place for every voter", () => {
    fc.assert(
      fc.property(someQuorum, someVoters, fc.boolean(), (quorum, people, distinctTeams) => {
        const voters = people.map((person, index) => voter(`v${index}`, person.groups, person.teams));
        expect(reached(quorum, voters, distinctTeams)).toBe(tryAll(quorum, voters, distinctTeams));
      }),
      { numRuns: 1000 },
    );
  });

  it("never gets worse by one more approval", () => {
    fc.assert(
      fc.property(someQuorum, someVoters, fc.boolean(), (quorum, people, distinctTeams) => {
        const voters = people.map((person, index) => voter(`v${index}`, person.groups, person.teams));
        if (reached(quorum, voters.slice(1), distinctTeams)) expect(reached(quorum, voters, distinctTeams)).toBe(true);
      }),
    );
  });
});

/** The definition, tried out: each voter in no place or in one; those who sit are of distinct teams; the formula holds. */
function tryAll(quorum: Quorum, voters: readonly Standing[], distinctTeams: boolean): boolean {
  const leaves = leavesOf(quorum);
  const seats = leaves.map((): Standing[] => []);
  const holds = (part: Quorum): boolean => {
    if (part.kind === "at_least") return (seats[leaves.indexOf(part)]?.length ?? 0) >= part.count;
    return part.kind === "all" ? part.of.every(holds) : part.of.some(holds);
  };
  const seatAll = (index: number, teams: readonly string[]): boolean => {
    const next = voters[index];
    if (next === undefined) return holds(quorum);
    if (seatAll(index + 1, teams)) return true;
    if (distinctTeams && (next.teams.length === 0 || next.teams.some((team) => teams.includes(team)))) return false;
    return leaves.some((part, place) => {
      if (!inGroup(next, part)) return false;
      seats[place]?.push(next);
      const found = seatAll(index + 1, [...teams, ...next.teams]);
      seats[place]?.pop();
      return found;
    });
  };
  return seatAll(0, []);
}
