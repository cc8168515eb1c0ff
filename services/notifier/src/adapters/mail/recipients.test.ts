import type { DirectoryClient, Person, PrincipalName } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { describe, expect, it } from "vitest";
import { findRecipients } from "./recipients.ts";

const KNOWN: readonly (PrincipalName & { readonly person: string })[] = [
  { issuer: "https://id.example", id: "ada", person: "ada" },
  { issuer: "https://id.example", id: "team#bob", person: "bob" },
  { issuer: "https://id.example/#tenant", id: "eve", person: "eve" },
  { issuer: "https://two.example", id: "x#y", person: "one" },
  { issuer: "https://two.example#x", id: "y", person: "two" },
];

const person = (id: string): Person => samplePerson({ id, displayName: id, email: `${id}@acme.example` });

const directory: DirectoryClient = {
  resolvePerson: async (_tenant, who) => {
    const named = "principal" in who ? who.principal : undefined;
    const known = KNOWN.find(({ issuer, id }) => issuer === named?.issuer && id === named.id);
    return { managed: true, person: known && person(known.person) };
  },
  listReviewers: async (_tenant, { personIds = [] }) => ({ managed: true, people: personIds.map(person) }),
};

async function told(name: string): Promise<readonly string[]> {
  const stage = { name: "s", quorum: "", groups: [], people: [name] };
  const found = await findRecipients(directory, () => new Date(0)).asked({ tenant: "acme", stage });
  return found.map(({ address }) => address);
}

describe("whom a policy names for mail", () => {
  it.each([
    ["0198-person", ["0198-person@acme.example"]],
    ["https://id.example#ada", ["ada@acme.example"]],
    ["https://id.example#team#bob", ["bob@acme.example"]],
    ["https://id.example/#tenant#eve", ["eve@acme.example"]],
    ["https://id.example#nobody", []],
  ])("%s is %o, wherever a # stands", async (name, addresses) => {
    expect(await told(name)).toEqual(addresses);
  });

  it("P7: a name that means two people is nobody's", async () => {
    expect(await told("https://two.example#x#y")).toEqual([]);
  });
});
