import { expect, it } from "vitest";
import type { GroupDraft } from "../../domain/decide-groups.ts";
import { patchGroup } from "./group-draft.ts";
import { readOperations } from "./operations.ts";
import { PATCH_OP } from "./schema-names.ts";
import type { Json } from "./values.ts";

const group = (...members: string[]): GroupDraft => ({ name: "sre", externalId: "", members: new Set(members) });
const membersAfter = (before: GroupDraft, ...operations: Json[]): string[] => [
  ...patchGroup(before, readOperations({ schemas: [PATCH_OP], Operations: operations })).members,
];

it("takes members in and out, one step after the other", () => {
  const add = (...ids: string[]) => ({ op: "add", path: "members", value: ids.map((value) => ({ value })) });
  const before = group("a", "b");
  expect(membersAfter(before, add("c", "a"), { op: "remove", path: 'members[value eq "b"]' })).toEqual(["a", "c"]);
  expect(membersAfter(before, add("c"), { op: "remove", path: "members", value: [{ value: "a" }, { value: "c" }] })).toEqual(["b"]);
  expect(membersAfter(before, { op: "replace", path: "members", value: ["d"] }, add("e"))).toEqual(["d", "e"]);
  expect(membersAfter(before, { op: "remove", path: "members" }, add("e"))).toEqual(["e"]);
  expect([...before.members]).toEqual(["a", "b"]);
});

it("P8: one request of very many steps on a large group does not hold every tenant up", () => {
  // Names are the same in any case, so that one operation holds many steps.
  const spellings = Array.from({ length: 128 }, (_, bits) =>
    Array.from("members", (letter, index) => ((bits >> index) & 1 ? letter.toUpperCase() : letter)).join(""),
  );
  const operation = { op: "add", value: Object.fromEntries(spellings.map((name) => [name, []])) };
  const large = group(...Array.from({ length: 20_000 }, (_, index) => `person ${index}`));
  const started = process.cpuUsage();
  expect(membersAfter(large, ...Array.from({ length: 480 }, () => operation))).toHaveLength(20_000);
  // A copy at each step takes four minutes.
  expect(process.cpuUsage(started).user / 1e6).toBeLessThan(30);
});
