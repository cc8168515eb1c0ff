import { describe, expect, it } from "vitest";
import { after, deactivated, provisioned as provisionedAs } from "../testing/folded.ts";
import { putGroup } from "./decide-groups.ts";
import { changePerson } from "./decide-people.ts";
import type { Decided } from "./decided.ts";
import type { Directory } from "./directory.ts";
import type { DirectoryEvent } from "./events.ts";
import { evolve } from "./evolve.ts";
import { NO_PROFILE, type Profile } from "./profile.ts";
import { overQuota, type DirectoryQuota } from "./quota.ts";

const LIMITS: DirectoryQuota = { people: 3, groups: 2, memberships: 4, delegations: 2 };
const DAY = 86_400_000;

const profile = (userName: string, more: Partial<Profile> = {}): Profile => ({ ...NO_PROFILE, userName, ...more });
const provisioned = (id: string, more?: Partial<Profile>): DirectoryEvent => provisionedAs(id, profile(id, more));
const removed = (personId: string): DirectoryEvent => deactivated(personId, true);
const erased = (personId: string): DirectoryEvent => ({ type: "PersonErased", personId, digests: [], reason: "", cause: "operator" });
const group = (groupId: string): DirectoryEvent => ({ type: "GroupChanged", groupId, name: groupId, externalId: "", cause: "scim" });
const members = (groupId: string, added: readonly string[], gone: readonly string[] = []): DirectoryEvent => {
  return { type: "MembersChanged", groupId, added, removed: gone, cause: "scim" };
};
const delegated = (id: string, untilMs: number, fromMs = 0): DirectoryEvent => {
  return { type: "DelegationGranted", delegationId: id, fromId: "a", toId: "b", groupIds: [], fromMs, untilMs, cause: "person" };
};

const full = (directory: Directory, events: readonly DirectoryEvent[], nowMs = 0) => overQuota(directory, events, LIMITS, nowMs)?.rejection;

describe("P8: what one tenant may have in the memory that all share", () => {
  const three = [provisioned("a"), provisioned("b"), provisioned("c")];

  it("people, with removed ones until they are erased", () => {
    expect(full(after(...three.slice(1)), [provisioned("a")])).toBeUndefined();
    expect(overQuota(after(...three), [provisioned("d")], LIMITS, 0)).toEqual({ rejection: "people_quota", limit: 3 });
    expect(full(after(...three, removed("a")), [provisioned("d")])).toBe("people_quota");
    // Who comes again is who it was, and takes no more room.
    expect(full(after(...three, removed("a")), [provisioned("a")])).toBeUndefined();
    expect(full(after(...three, removed("a"), erased("a")), [provisioned("d")])).toBeUndefined();
  });

  it("text about them, that of their former names too", () => {
    const long = (length: number): Partial<Profile> => ({ displayName: "x".repeat(length) });
    const most = 3 * 2000;
    const directory = after(provisioned("a", long(most - 11)), provisioned("b"));
    expect(directory.characters).toBe(most - 9);
    const changed = (more: Partial<Profile>, name = "b") => changePerson(directory, "b", { profile: profile(name, more), active: true });
    expect(full(directory, eventsOf(changed(long(9))))).toBeUndefined();
    expect(full(directory, eventsOf(changed(long(10))))).toBe("profiles_quota");
    expect(full(directory, eventsOf(changed(long(9), "c")))).toBe("profiles_quota");
    expect(full(directory, [provisioned("0123456789")])).toBe("profiles_quota");
    for (const event of [provisioned("c"), removed("a")]) evolve(directory, event, 0);
    expect(directory.characters).toBe(most - 8);
    evolve(directory, erased("a"), 0);
    expect(directory.characters).toBe(2);
  });

  it("groups, and their members in all", () => {
    const groups = after(...three, group("g"), group("h"), members("g", ["a", "b"]), members("h", ["a", "b"]));
    expect(groups.memberships).toBe(4);
    expect(full(groups, [group("i")])).toBe("groups_quota");
    expect(full(groups, [members("g", ["c"])])).toBe("memberships_quota");
    // As many as leave may come.
    const draft = { name: "renamed", externalId: "", members: new Set(["a", "c"]) };
    expect(full(groups, eventsOf(putGroup(groups, "g", draft)))).toBeUndefined();
    for (const event of [members("g", ["a"], ["b"]), removed("a"), { type: "GroupRemoved", groupId: "g", cause: "scim" } as const])
      evolve(groups, event, 0);
    expect(groups.memberships).toBe(1);
  });

  it("delegations that have not ended", () => {
    const directory = after(...three, delegated("1", DAY), delegated("2", DAY));
    expect(full(directory, [delegated("3", DAY)])).toBe("delegations_quota");
    expect(full(directory, [delegated("3", 2 * DAY)], DAY)).toBeUndefined();
    evolve(directory, { type: "DelegationRevoked", delegationId: "1", cause: "person" }, 0);
    expect(full(directory, [delegated("3", DAY)])).toBeUndefined();
  });

  it("keeps nobody in: whoever leaves is switched off however full it is", () => {
    const crowded = after(
      ...three,
      provisioned("d"),
      group("g"),
      members("g", ["a", "b", "c", "d"]),
      provisioned("e"),
      members("g", ["e"]),
    );
    expect(full(crowded, [members("g", [], ["a"])])).toBeUndefined();
    const off = changePerson(crowded, "a", { profile: profile("a"), active: false });
    for (const events of [eventsOf(off), [removed("a")]]) expect(full(crowded, events)).toBeUndefined();
  });

  it("who comes again, or is called otherwise, only takes what its memory held", () => {
    const long = "x".repeat(3 * 2000 - 1);
    const back = after(provisioned("a", { displayName: long }), removed("a"));
    expect(back.characters).toBe(6000);
    expect(full(back, [provisioned("a", { displayName: long })])).toBeUndefined();
    expect(full(back, [provisioned("a", { displayName: `${long}x` })])).toBe("profiles_quota");
    const named = (index: number): DirectoryEvent => {
      const userName = String.fromCodePoint(0x4e00 + index);
      return { type: "PersonChanged", personId: "a", profile: profile(userName, { displayName: "x".repeat(6000 - 51) }), cause: "scim" };
    };
    // The oldest of fifty names drops out for the one that comes.
    const renamed = after(provisioned("a"), ...Array.from({ length: 50 }, (_, index) => named(index)));
    expect(renamed.characters).toBe(6000);
    expect(full(renamed, [named(50)])).toBeUndefined();
    const fewer = after(provisioned("a"), ...Array.from({ length: 49 }, (_, index) => named(index)), provisioned("b"));
    expect([fewer.characters, full(fewer, [named(50)])]).toEqual([6000, "profiles_quota"]);
  });

  it("what ended is forgotten, oldest first, when there is much of it", () => {
    const directory = after(...three);
    for (let index = 0; index < 20_000; index += 1) evolve(directory, delegated(`d${index}`, index === 0 ? 9 : 1), 0);
    evolve(directory, delegated("next", 9), 1);
    expect([directory.delegations.size, directory.delegations.has("d0"), directory.delegations.has("d1")]).toEqual([20_000, true, false]);
    expect(directory.delegationsFrom.get("a")?.size).toBe(20_000);
  });
});

function eventsOf(decided: Decided): readonly DirectoryEvent[] {
  if ("rejection" in decided) throw new Error(decided.rejection);
  return decided.events;
}
