import { create } from "@bufbuild/protobuf";
import { DirectoryUnreachableError, type Person, type Resolved } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { describe, expect, it } from "vitest";
import { placesOf } from "./places.ts";

const ISSUER = "https://idp";
const caller = create(PrincipalSchema, { tenant: "acme", issuer: ISSUER, id: "ann", groups: ["token-group", "odd\0group"] });
const name = (id: string) => ({ issuer: ISSUER, id });
const key = (id: string) => JSON.stringify([ISSUER, id]);
const AT = new Date("2026-01-05T10:00:00Z");

const person = samplePerson({ id: "0193", groups: ["sre"], principals: [name("ann")], onCall: ["primary"] });
const standIn = { personId: "0194", groups: [], untilMs: 0, principals: [name("bob")], effectiveGroups: ["dba"] };

const places = (found: Resolved) => placesOf({ resolvePerson: async () => found }, caller, AT);
const known = (more: Partial<Person> = {}) => places({ managed: true, person: { ...person, ...more } });

describe("as whom somebody may decide", () => {
  it("is what its token says, where no directory is kept", async () => {
    expect(await places({ managed: false })).toEqual([
      { asks: ["group token-group", `person ${ISSUER}#ann`, `confirms as ${key("ann")}`], principals: [key("ann")] },
    ]);
  });

  it("is what the directory knows, whatever the token says, and whom it manages", async () => {
    const token = `person ${ISSUER}#ann`;
    expect(await known({ reports: [name("bot")] })).toEqual([
      {
        asks: [
          "group sre",
          "person 0193",
          token,
          token,
          "on call primary",
          `manager of ${key("bot")}`,
          `confirms as ${key("ann")}`,
          `confirms as ${key("ann")}`,
        ],
        principals: [key("ann"), key("ann")],
      },
    ]);
  });

  it("is another one's place in everything, shifts aside, and barred as both", async () => {
    const [, place] = await known({ standsInFor: [{ ...standIn, reports: [name("bot")] }] });
    expect(place).toEqual({
      asks: [
        "group dba",
        "person 0194",
        `person ${ISSUER}#bob`,
        `manager of ${key("bot")}`,
        ...["ann", "ann", "bob"].map((id) => `confirms as ${key(id)}`),
      ],
      principals: [key("ann"), key("ann"), key("bob")],
    });
  });

  it("is another one's place in some groups: these and nothing else", async () => {
    const [, place] = await known({ standsInFor: [{ ...standIn, groups: ["dba"], reports: [name("bot")] }] });
    expect(place).toEqual({
      asks: ["group dba", ...["ann", "ann"].map((id) => `confirms as ${key(id)}`)],
      principals: [key("ann"), key("ann"), key("bob")],
    });
  });

  it.each([
    ["switched off", { managed: true, person: { ...person, active: false } }],
    ["unknown to its directory", { managed: true, person: undefined }],
  ] as const)("P7: is nobody's, for somebody %s", async (_, found) => {
    expect(await places(found)).toEqual([]);
  });

  it("P7: is not guessed when the directory does not answer", async () => {
    const resolvePerson = () => Promise.reject(new DirectoryUnreachableError("no"));
    await expect(placesOf({ resolvePerson }, caller, AT)).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "DIRECTORY_UNREACHABLE" });
  });
});
