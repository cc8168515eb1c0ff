import type { DirectoryClient, Person, Resolved } from "@countersign/directory-client";
import { describe, expect, it } from "vitest";
import { voterFinder } from "./voter-finder.ts";

const account = { channel: "slack", workspace: "T1", id: "U1" };
const person: Person = {
  id: "p1",
  displayName: "Ada",
  active: true,
  groups: ["dpo"],
  teams: [],
  principals: [{ issuer: "https://id.example", id: "ada" }],
  accounts: [account],
  email: "ada@acme.example",
  managerId: undefined,
  onCall: [],
  standsInFor: [],
  away: false,
};

function find(resolved: Resolved) {
  const asked: unknown[] = [];
  const directory: DirectoryClient = {
    resolvePerson: async (...question) => {
      asked.push(question);
      return resolved;
    },
    listReviewers: async () => ({ managed: false }),
  };
  return { asked, voter: voterFinder(directory, () => new Date(0))("acme", account) };
}

describe("voter finder", () => {
  it("P3: finds the human behind an account by its ids, now", async () => {
    const { asked, voter } = find({ managed: true, person });
    expect(await voter).toEqual({ issuer: "https://id.example", id: "ada", groups: ["dpo"] });
    expect(asked).toEqual([["acme", { account }, new Date(0)]]);
  });

  it.each<[string, Resolved]>([
    ["nobody is linked", { managed: true, person: undefined }],
    ["the person is switched off", { managed: true, person: { ...person, active: false } }],
    ["the person signs in with nothing", { managed: true, person: { ...person, principals: [] } }],
    ["the tenant keeps no people in the directory", { managed: false }],
  ])("P7: finds nobody when %s", async (_what, resolved) => {
    expect(await find(resolved).voter).toBeUndefined();
  });
});
