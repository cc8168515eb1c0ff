import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { EventLog } from "@countersign/event-log";
import type { At } from "@countersign/proto/v1/at_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adaAndBob, asking, DAY, NOON, type Delegated } from "../../testing/ada-and-bob.ts";
import { human, ISSUER, patch, type RunningTestDirectory } from "../../testing/running-directory.ts";

let now = NOON;
let log: EventLog;
let directory: RunningTestDirectory;
let ada: string;
let bob: string;

beforeEach(async () => {
  now = NOON;
  ({ log, directory, ada, bob } = await adaAndBob(() => now));
});
afterEach(() => directory.close());

const { later, until, delegate, revoke, away, offer, link, look, person } = asking(
  () => directory,
  () => now,
);

describe("delegation", () => {
  it("holds from its start until its end, with the groups and sign-ins of whoever gave it", async () => {
    const { delegation } = await delegate({ fromTime: timestampFromDate(later(DAY)), ...until(2 * DAY), groups: ["sre"] });
    expect(delegation).toMatchObject({ fromPersonId: ada, toPersonId: bob, groups: ["sre"], fromDisplayName: "Ada", toDisplayName: "Bob" });
    const standsInFor = [
      {
        personId: ada,
        groups: ["sre"],
        effectiveGroups: ["sre"],
        principals: [{ issuer: ISSUER, id: "ada" }],
        untilMs: later(2 * DAY).getTime(),
      },
    ];
    expect((await person(bob, later(DAY - 1)))?.standsInFor).toEqual([]);
    expect((await person(bob, later(DAY)))?.standsInFor).toEqual(standsInFor);
    expect((await person(bob, later(2 * DAY - 1)))?.standsInFor).toEqual(standsInFor);
    expect((await person(bob, later(2 * DAY)))?.standsInFor).toEqual([]);
  });

  it("P3: gives no more than its giver has at that moment, and nothing once the giver is off", async () => {
    await delegate({});
    expect((await person(bob))?.standsInFor).toMatchObject([{ groups: [], effectiveGroups: ["dba", "sre"] }]);
    await directory.scim("PATCH", `/Users/${ada}`, patch({ op: "replace", value: { active: false } }));
    expect((await person(bob))?.standsInFor).toEqual([]);
  });

  it("P3: a delegation whose groups are gone does not turn into one of all groups", async () => {
    await delegate({ groups: ["sre"] });
    const { body } = await directory.scim("GET", '/Groups?filter=displayName eq "sre"');
    await directory.scim("DELETE", `/Groups/${(body["Resources"] as { id: string }[])[0]?.id ?? ""}`);
    expect((await person(bob))?.standsInFor).toEqual([]);
  });

  it("P3: nobody passes on what it has by a delegation", async () => {
    await delegate({});
    const eve = await directory.user("eve");
    await delegate({ to: "eve" }, human("bob"));
    expect((await person(eve))?.standsInFor).toMatchObject([{ personId: bob, effectiveGroups: [] }]);
    await expect(delegate({ to: "eve", groups: ["sre"] }, human("bob"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it.each<[string, Delegated]>([
    ["oneself", { to: "ada" }],
    ["nobody", { to: "nobody" }],
    ["a group that one is not in", { groups: ["sre", "finance"] }],
    ["longer than 30 days", until(30 * DAY + 1)],
    ["the past", { untilTime: timestampFromDate(new Date("2026-11-23T11:59:59Z")) }],
    ["an end before its start", { fromTime: timestampFromDate(new Date("2026-11-25T12:00:00Z")) }],
  ])("is refused to or for %s", async (_, request) => {
    await expect(delegate(request)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", reason: "FIELD_VIOLATION" });
    expect((await person(bob))?.standsInFor).toEqual([]);
  });

  it.each([
    ["an agent", human("ada", { type: PrincipalType.AGENT }), "NOT_HUMAN"],
    ["a service", human("ada", { type: PrincipalType.SERVICE }), "NOT_HUMAN"],
    ["somebody on behalf of a person", human("ada", { chain: [{ issuer: ISSUER, id: "agent" }] }), "NOT_HUMAN"],
    ["somebody whom the directory does not know", human("mallory"), "NOT_IN_DIRECTORY"],
    ["a person of that id at another issuer", human("ada", { issuer: "https://elsewhere.example" }), "NOT_IN_DIRECTORY"],
  ])("P3: %s delegates, goes away and links nothing", async (_, caller, reason) => {
    await expect(delegate({}, caller)).rejects.toMatchObject({ code: "PERMISSION_DENIED", reason });
    await expect(away(until(DAY), caller)).rejects.toMatchObject({ code: "PERMISSION_DENIED", reason });
    const { code } = await offer("U1");
    await expect(look(code, caller)).rejects.toMatchObject({ code: "PERMISSION_DENIED", reason });
    await expect(link(code, caller)).rejects.toMatchObject({ code: "PERMISSION_DENIED", reason });
  });

  it("made twice is one, and revoked twice is revoked; by giver, holder or operator", async () => {
    const one = (await delegate(until(DAY))).delegation?.id ?? "";
    expect((await delegate(until(DAY))).delegation?.id).toBe(one);
    await directory.user("eve");
    await expect(revoke(one, human("eve"))).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await revoke(one, human("bob"))).delegation?.revoked).toBe(true);
    expect((await revoke(one)).delegation?.revoked).toBe(true);
    expect((await person(bob))?.standsInFor).toEqual([]);
    const two = (await delegate(until(2 * DAY))).delegation?.id ?? "";
    expect((await revoke(two, human("root", { roles: ["operator"] }))).delegation?.revoked).toBe(true);
  });
});

describe("away", () => {
  it("says who is away, and lets the deputy decide meanwhile", async () => {
    await away({ ...until(DAY), deputy: "bob" });
    expect((await person(ada))?.away).toBe(true);
    expect((await person(bob))?.standsInFor).toMatchObject([{ personId: ada, effectiveGroups: ["dba", "sre"] }]);
    expect((await person(ada, later(DAY)))?.away).toBe(false);
    expect((await person(bob, later(DAY)))?.standsInFor).toEqual([]);
    const listed = await directory.people.listReviewers("acme", { groups: ["sre"] }, now);
    expect(listed.managed && listed.people.map(({ id, away: gone }) => [id, gone])).toEqual([
      [ada, true],
      [bob, false],
    ]);
    expect((await away({})).away).toBeUndefined();
    expect((await person(bob))?.standsInFor).toEqual([]);
  });

  it("with a deputy lasts 30 days at most", async () => {
    await expect(away({ ...until(31 * DAY), deputy: "bob" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect((await away(until(31 * DAY))).away).toBeDefined();
    await expect(away({ ...until(DAY), deputy: "ada" })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("who am I", () => {
  it("lists delegations as they were at a position or a time", async () => {
    const messages = [api.ListDelegationsRequestSchema, api.ListDelegationsResponseSchema] as const;
    const listed = async (moment: At["moment"]) =>
      (await directory.send("ListDelegations", messages, { at: { moment } }, human("ada"))).delegations.map(({ id, revoked }) => [
        id,
        revoked,
      ]);
    const head = () => log.nextPosition();
    const [before, start] = [await head(), now];
    now = later(1000);
    const id = (await delegate({})).delegation?.id ?? "";
    const made = await head();
    now = later(1000);
    await revoke(id);
    const position = (next: number) => listed({ case: "position", value: BigInt(next - 1) });
    const time = (at: Date) => listed({ case: "time", value: timestampFromDate(at) });
    expect([await position(before), await position(made), await position(await head())]).toEqual([[], [[id, false]], []]);
    expect([await time(start), await time(later(-1)), await time(now)]).toEqual([[], [[id, false]], []]);
    await expect(listed({ case: undefined })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  it("P8: a delegation of another tenant cannot be ended or listed", async () => {
    const id = (await delegate({})).delegation?.id ?? "";
    await expect(revoke(id, human("root", { tenant: "other", roles: ["operator"] }))).rejects.toMatchObject({ code: "NOT_FOUND" });
    const list = await directory.send(
      "ListDelegations",
      [api.ListDelegationsRequestSchema, api.ListDelegationsResponseSchema],
      { all: true, past: true },
      human("root", { tenant: "other", roles: ["operator"] }),
    );
    expect(list.delegations).toEqual([]);
  });
});
