import { describe, expect, it } from "vitest";
import { after, deactivated, provisioned as added } from "../testing/folded.ts";
import { provisionPerson } from "./decide-people.ts";
import { type Directory, isKnown, personOf, principalsOf } from "./directory.ts";
import type { DirectoryEvent } from "./events.ts";
import { NO_PROFILE, type Profile } from "./profile.ts";
import { viewOf } from "./resolve.ts";

const ISSUER = "https://id.acme.example";
const rules = [{ issuer: ISSUER, by: "externalId" }] as const;
const profile = (externalId: string, address = `${externalId}@acme.example`): Profile => ({
  ...NO_PROFILE,
  userName: address,
  externalId,
  emails: [{ value: address, type: "work", primary: true }],
});
const changed = (personId: string, as: Profile): DirectoryEvent => ({ type: "PersonChanged", personId, profile: as, cause: "scim" });
const off = (personId: string): DirectoryEvent => deactivated(personId, false);
const gone = (personId: string): DirectoryEvent => deactivated(personId, true);
const on = (personId: string): DirectoryEvent => ({ type: "PersonReactivated", personId, cause: "scim" });

function namesOf(directory: Directory, id: string): readonly string[] {
  const person = directory.people.get(id);
  return person === undefined ? [] : principalsOf(directory, person, rules).map((principal) => principal.id);
}

describe("P3: whoever comes again is who it was", () => {
  const named = (userName: string, ...addresses: readonly string[]): Profile => ({
    ...NO_PROFILE,
    userName,
    externalId: `of ${userName}`,
    emails: addresses.map((value) => ({ value, type: "work", primary: false })),
  });

  it.each([
    ["an address", named("ann", "ann@acme.example"), named("ann.s", "ANN@acme.example")],
    ["an address that is the name now", named("ann", "ann@acme.example"), named("Ann@acme.example")],
    ["a name that is an address now", named("ann@acme.example"), named("ann.s", "Ann@acme.example")],
  ])("by %s", (_what, before, now) => {
    const decided = provisionPerson(after(added("p", before), gone("p")), "new", { profile: now, active: true });
    expect(decided).toMatchObject({ events: [{ personId: "p" }] });
    expect(namesOf(after(added("p", before), off("p"), added("q", now)), "q")).toEqual([now.externalId, before.externalId]);
  });
});

describe("P3: what was asked for under an earlier name is still its own", () => {
  it("however often names come and go", () => {
    const names = ["b", ...Array.from({ length: 60 }, () => ["c", "b"]).flat()];
    expect(namesOf(after(added("p", profile("a")), ...names.map((name) => changed("p", profile(name)))), "p")).toEqual(["b", "a", "c"]);
  });

  it("also when nothing signs it in any more: others may stand in for it", () => {
    const directory = after(added("p", profile("a")), changed("p", { ...profile("a"), externalId: "" }));
    expect(namesOf(directory, "p")).toEqual(["a"]);
    expect(personOf(directory, { issuer: ISSUER, id: "a" }, rules)).toBeUndefined();
  });

  it("in a second record with the same address, while the first is switched off, whichever comes first", () => {
    const [one, other] = [added("p", profile("a", "Ann@acme.example")), added("q", profile("b", "ann@ACME.example"))];
    for (const events of [
      [one, off("p"), other],
      [one, other, off("p")],
    ])
      expect([namesOf(after(...events), "q"), namesOf(after(...events), "p")]).toEqual([["b", "a"], ["a"]]);
    expect(namesOf(after(one, other, off("p"), on("p")), "q")).toEqual(["b"]);
    expect(namesOf(after(one, other, off("p"), changed("p", profile("a"))), "q")).toEqual(["b"]);
  });
});

describe("P3: an account is known as long as whoever had it is kept from what it caused", () => {
  const at = (id: string, issuer = ISSUER) => ({ issuer, id });
  const linked = { ...profile("a"), principals: [at("ann", "https://agents.example")] };

  type Case = readonly [string, readonly DirectoryEvent[], { readonly issuer: string; readonly id: string }, boolean];
  it.each<Case>([
    ["whoever signs in so", [added("p", profile("a"))], at("a"), true],
    ["switched off", [added("p", profile("a")), off("p")], at("a"), true],
    ["removed", [added("p", profile("a")), gone("p")], at("a"), true],
    ["under another name by now", [added("p", profile("a")), changed("p", profile("b"))], at("a"), true],
    ["two at once", [added("p", profile("a")), added("q", profile("a"))], at("a"), true],
    ["a linked account", [added("p", linked)], at("ann", "https://agents.example"), true],
    ["an account that was linked", [added("p", linked), changed("p", profile("a"))], at("ann", "https://agents.example"), true],
    ["the same id at an issuer of others", [added("p", profile("a"))], at("a", "https://agents.example"), false],
    ["a user name where ids are external", [added("p", profile("a"))], at("a@acme.example"), false],
    ["an id that differs by case", [added("p", profile("a"))], at("A"), false],
    [
      "erased",
      [added("p", profile("a")), { type: "PersonErased", personId: "p", digests: [], reason: "", cause: "person" }],
      at("a"),
      false,
    ],
    ["nobody", [added("p", profile("a"))], at("c"), false],
  ])("%s", (_what, events, principal, known) => {
    expect(isKnown(after(...events), principal, rules)).toBe(known);
  });
});

it("P3: who is switched off and on again stands in for nobody, and nobody for it: a thief's delegation ends with its session", () => {
  const places = (...events: readonly DirectoryEvent[]) => {
    const directory = after(added("p", profile("a")), added("q", profile("b")), ...events);
    const moment = { atMs: 1, rules, reviewerGroups: [], shifts: new Map() };
    return [...directory.people.values()].flatMap((person) =>
      viewOf(directory, person, moment).standsInFor.map(({ personId }) => personId),
    );
  };
  const period = { fromMs: 0, untilMs: 9 };
  const granted: DirectoryEvent = {
    type: "DelegationGranted",
    delegationId: "d",
    fromId: "p",
    toId: "q",
    groupIds: [],
    ...period,
    cause: "person",
  };
  const away: DirectoryEvent = { type: "AwaySet", personId: "p", period: { ...period, deputyId: "q" }, cause: "person" };
  expect(places(granted, away)).toEqual(["p", "p"]);
  for (const person of ["p", "q"]) expect(places(granted, away, off(person), on(person))).toEqual([]);
});
