import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuorum, quorumText } from "./quorum-text.ts";
import { alternativesOf, type Quorum, quorumSizeProblem, type Selector } from "./reviewers.ts";

const group = (name: string): Selector => ({ kind: "group", name });
const some = (count: number, ...of: readonly Selector[]): Quorum => ({ kind: "at_least", count, of });

describe("a quorum's text", () => {
  it.each<[string, Quorum]>([
    ["2 of sre", some(2, group("sre"))],
    ["2 of sre and 1 of security", { kind: "all", of: [some(2, group("sre")), some(1, group("security"))] }],
    ["1 of sre, dba", some(1, group("sre"), group("dba"))],
    [
      "2 of sre or 1 of cto and 1 of cfo",
      { kind: "any", of: [some(2, group("sre")), { kind: "all", of: [some(1, group("cto")), some(1, group("cfo"))] }] },
    ],
    [
      "(2 of sre or 1 of cto) and 1 of cfo",
      { kind: "all", of: [{ kind: "any", of: [some(2, group("sre")), some(1, group("cto"))] }, some(1, group("cfo"))] },
    ],
    ['1 of on-call "night shift"', some(1, { kind: "on_call", schedule: "night shift" })],
    ['1 of "and"', some(1, group("and"))],
    [
      "1 of person ada, requester-manager, resource-owner",
      some(1, { kind: "person", id: "ada" }, { kind: "requester_manager" }, { kind: "resource_owner" }),
    ],
    ["2 of any", some(2, group("listed"))],
  ])("%s", (text, quorum) => {
    expect(parseQuorum(text, [group("listed")])).toEqual({ ok: true, quorum });
  });

  it.each([
    ["", 1, "a number of people is needed here"],
    ["sre", 1, "a number of people is needed here"],
    ["resource-owner and 1 of sre", 1, "as in `2 of sre` or `1 of resource-owner`"],
    ["0 of sre", 1, "1 to 100"],
    ["2 sre", 3, "`of` and a group are needed here"],
    ["2 of", 5, "a group is needed here"],
    ["2 of and", 6, "quote a name"],
    ["2 of sre 1 of dba", 10, "`and` or `or` is needed"],
    ["(2 of sre", 10, "a ) is missing here"],
    ["2 of sre)", 9, "there is no ( for this )"],
    ['2 of "sre', 6, 'no closing "'],
    ["1 of sre and", 13, "a number of people is needed here"],
    ["1 of on-call", 13, "the schedule is needed here"],
    [`${"(".repeat(17)}1 of a${")".repeat(17)}`, 18, "nested more than 16 deep"],
    [Array.from({ length: 6 }, () => "(1 of a or 1 of b)").join(" and "), 1, "more than 32 ways"],
    ["60 of a and 60 of b", 1, "asks for 120 people"],
  ])("%j goes wrong at column %d", (text, column, message) => {
    const parsed = parseQuorum(text, []);
    expect(parsed).toMatchObject({ ok: false, problem: { column } });
    expect(parsed.ok ? "" : parsed.problem.message).toContain(message);
  });

  const name = fc.oneof(fc.constantFrom("sre", "and", "of", "any", "person", "(", "a b"), fc.stringMatching(/^[^"\s]{1,12}$/));
  const selector: fc.Arbitrary<Selector> = fc.oneof(
    name.map(group),
    name.map((id): Selector => ({ kind: "person", id })),
    name.map((schedule): Selector => ({ kind: "on_call", schedule })),
    fc.constantFrom<Selector>({ kind: "requester_manager" }, { kind: "resource_owner" }),
  );
  const leaf = fc
    .tuple(fc.integer({ min: 1, max: 9 }), fc.array(selector, { minLength: 1, maxLength: 3 }))
    .map(([count, of]) => some(count, ...of));
  const quorum = fc.letrec<{ quorum: Quorum }>((tie) => ({
    quorum: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ kind: fc.constantFrom("all" as const, "any" as const), of: fc.array(tie("quorum"), { minLength: 2, maxLength: 3 }) }),
    ),
  })).quorum;

  it("of any quorum reads back as that quorum", () => {
    fc.assert(
      fc.property(quorum, (wanted) => {
        fc.pre(quorumSizeProblem(wanted) === undefined);
        expect(parseQuorum(quorumText(wanted), [])).toEqual({ ok: true, quorum: wanted });
      }),
    );
  });

  it("never throws, and names a place inside of the text or at its end", () => {
    const words = fc.constantFrom("2", "of", "sre", "and", "or", "(", ")", ",", '"', "any", "person", " ", "\t", "101", "-1");
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 12 }).map((parts) => parts.join(" ")),
        ),
        (text) => {
          const parsed = parseQuorum(text, [group("listed")]);
          if (parsed.ok) return;
          expect(parsed.problem.column).toBeGreaterThanOrEqual(1);
          expect(parsed.problem.column).toBeLessThanOrEqual(text.length + 1);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("has as many alternatives as were counted without building them", () => {
    fc.assert(
      fc.property(quorum, (wanted) => {
        if (quorumSizeProblem(wanted) !== undefined) return;
        const alternatives = alternativesOf(wanted);
        expect(alternatives.length).toBeLessThanOrEqual(32);
        for (const leaves of alternatives) expect(leaves.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(100);
      }),
    );
  });
});
