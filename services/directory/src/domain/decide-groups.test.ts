import { describe, expect, it } from "vitest";
import { after, provisioned } from "../testing/folded.ts";
import { putGroup } from "./decide-groups.ts";
import type { Directory } from "./directory.ts";
import { evolve } from "./evolve.ts";
import { NO_PROFILE } from "./profile.ts";

const directoryOf = (people: number): Directory =>
  after(...Array.from({ length: people }, (_, index) => provisioned(`p${index}`, NO_PROFILE)));

describe("a group", () => {
  it("of thousands is recorded in events that the log can hold", () => {
    const directory = directoryOf(2200);
    const decided = putGroup(directory, "g", { name: "all", externalId: "", members: new Set(directory.people.keys()) });
    const sizes =
      "events" in decided ? decided.events.map((event) => (event.type === "MembersChanged" ? event.added.length : event.type)) : [];
    expect(sizes).toEqual(["GroupChanged", 1000, 1000, 200]);
  });

  it("that is so already records nothing, and a name is one group's", () => {
    const directory = directoryOf(1);
    const draft = { name: "sre", externalId: "", members: new Set(["p0"]) };
    const decided = putGroup(directory, "g", draft);
    for (const event of "events" in decided ? decided.events : []) evolve(directory, event, 0);
    expect(putGroup(directory, "g", draft)).toEqual({ events: [] });
    expect(putGroup(directory, "h", draft)).toEqual({ rejection: "group_name_taken" });
    expect(putGroup(directory, "g", { ...draft, members: new Set(["nobody"]) })).toEqual({ rejection: "unknown_member" });
  });
});
