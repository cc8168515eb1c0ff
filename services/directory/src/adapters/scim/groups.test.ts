import { expect, it } from "vitest";
import { Directory, type Group } from "../../domain/directory.ts";
import { groups } from "./groups.ts";

const DATED = { createdMs: 0, changedMs: 0, version: 1 };
const group = (id: string, size: number): readonly [string, Group] => [
  id,
  { ...DATED, id, name: id, externalId: "", members: new Set(Array.from({ length: size }, (_, index) => `${id} ${index}`)) },
];

async function listed(directory: Directory, query: Record<string, string>): Promise<unknown> {
  const refuse = async (): Promise<never> => Promise.reject(new Error("nothing is changed"));
  const scim = { baseUrl: "", current: async () => directory, change: refuse, newId: () => "" };
  const { body } = await groups(scim, { method: "GET", path: ["Groups"], query: new URLSearchParams(query), body: undefined });
  const { totalResults, itemsPerPage, Resources } = body as { totalResults: number; itemsPerPage: number; Resources: { id: string }[] };
  return { totalResults, itemsPerPage, ids: Resources.map(({ id }) => id).join() };
}

it("P8: a page of large groups is shorter than asked, so that its reply holds no other tenant up", async () => {
  const directory = new Directory();
  for (const [id, size] of [
    ["a", 30_000],
    ["b", 9000],
    ["c", 9000],
    ["d", 9000],
  ] as const)
    directory.groups.set(...group(id, size));
  expect(await listed(directory, {})).toEqual({ totalResults: 4, itemsPerPage: 1, ids: "a" });
  expect(await listed(directory, { startIndex: "2" })).toEqual({ totalResults: 4, itemsPerPage: 2, ids: "b,c" });
  expect(await listed(directory, { startIndex: "4" })).toEqual({ totalResults: 4, itemsPerPage: 1, ids: "d" });
  expect(await listed(directory, { excludedAttributes: "members" })).toMatchObject({ itemsPerPage: 4 });
});
