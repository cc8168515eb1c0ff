import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import { PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import type { At } from "@countersign/proto/v1/at_pb";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { human, ISSUER, runDirectory, type RunningTestDirectory } from "../../testing/running-directory.ts";

const DAY = 86_400_000;
let now = new Date("2026-11-23T12:00:00Z");
let log: EventLog;
let directory: RunningTestDirectory;
let ada: string;
let bob: string;

beforeEach(async () => {
  now = new Date("2026-11-23T12:00:00Z");
  log = createMemoryEventLog({ ledger: "main" });
  directory = await runDirectory(log, {}, () => now);
  ada = await directory.user("ada", { displayName: "Ada" });
  bob = await directory.user("bob", { displayName: "Bob" });
  await directory.group("sre", [ada]);
  await directory.group("dba", [ada]);
});
afterEach(() => directory.close());

const later = (ms: number) => new Date(now.getTime() + ms);
const until = (ms: number) => ({ untilTime: timestampFromDate(later(ms)) });
type Delegated = Partial<{
  to: string;
  groups: string[];
  fromTime: ReturnType<typeof timestampFromDate>;
  untilTime: ReturnType<typeof timestampFromDate>;
}>;
const delegate = (request: Delegated, caller = human("ada")) =>
  directory.send(
    "CreateDelegation",
    [api.CreateDelegationRequestSchema, api.CreateDelegationResponseSchema],
    { to: "bob", ...until(DAY), ...request },
    caller,
  );
const revoke = (delegationId: string, caller = human("ada")) =>
  directory.send("RevokeDelegation", [api.RevokeDelegationRequestSchema, api.RevokeDelegationResponseSchema], { delegationId }, caller);
const away = (request: object, caller = human("ada")) =>
  directory.send("SetAway", [api.SetAwayRequestSchema, api.SetAwayResponseSchema], request, caller);
const offer = (id: string, caller: object = { tenant: "acme", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" }) =>
  directory.send(
    "OfferLink",
    [wire.OfferLinkRequestSchema, wire.OfferLinkResponseSchema],
    { account: { channel: "slack", workspace: "T1", id }, displayName: "ada.l", workspaceName: "acme-corp" },
    caller,
  );
const link = (code: string, caller = human("ada"), id = "U1") =>
  directory.send(
    "LinkAccount",
    [api.LinkAccountRequestSchema, api.LinkAccountResponseSchema],
    { code, account: { channel: "slack", workspace: "T1", id } },
    caller,
  );
const look = (code: string, caller = human("ada")) =>
  directory.send("GetLinkOffer", [api.GetLinkOfferRequestSchema, api.GetLinkOfferResponseSchema], { code }, caller);
const me = (caller = human("ada")) => directory.send("GetMe", [api.GetMeRequestSchema, api.GetMeResponseSchema], {}, caller);
async function person(id: string, at = now) {
  const resolved = await directory.people.resolvePerson("acme", { personId: id }, at);
  return resolved.managed ? resolved.person : undefined;
}

it("whom somebody manages is told to whoever asks for it: every sign-in of theirs, also in the place of another manager", async () => {
  const manager = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
  await directory.user("cyd", { [manager]: { manager: { value: ada } } });
  await directory.user("dan", { [manager]: { manager: { value: bob } } });
  await delegate({});
  const asked = { withReports: true };
  const [known, unasked] = [await directory.people.resolvePerson("acme", { personId: bob }, now, asked), await person(bob)];
  expect(known).toMatchObject({
    person: { reports: [{ issuer: ISSUER, id: "dan" }], standsInFor: [{ personId: ada, reports: [{ issuer: ISSUER, id: "cyd" }] }] },
  });
  expect([unasked?.reports, unasked?.standsInFor[0]?.reports]).toEqual([undefined, undefined]);
  await directory.scim("PATCH", `/Users/${bob}`, {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    Operations: [{ op: "replace", path: `${manager}:manager.value`, value: ada }],
  });
  expect(await directory.people.resolvePerson("acme", { personId: ada }, now, asked)).toMatchObject({
    person: { reports: [{ id: "cyd" }, { id: "bob" }] },
  });
});

describe("a new name", () => {
  const rename = (id: string, userName: string) =>
    directory.scim("PATCH", `/Users/${id}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", path: "userName", value: userName }],
    });
  const byName = async (id: string) => directory.people.resolvePerson("acme", { principal: { issuer: ISSUER, id } }, now);

  it("P3: does not make another human: what was asked for under the old name is still its own", async () => {
    await delegate({});
    expect((await rename(ada, "lovelace")).status).toBe(200);
    expect(await byName("ada")).toEqual({ managed: true, person: undefined });
    const principals = [
      { issuer: ISSUER, id: "lovelace" },
      { issuer: ISSUER, id: "ada" },
    ];
    expect(await byName("lovelace")).toMatchObject({ person: { id: ada, principals } });
    expect((await person(bob))?.standsInFor).toMatchObject([{ personId: ada, principals }]);
  });

  it("P3: leaves the old one to whoever has it next", async () => {
    await rename(ada, "lovelace");
    const next = await directory.user("ada");
    expect(await byName("ada")).toMatchObject({ person: { id: next, principals: [{ issuer: ISSUER, id: "ada" }] } });
    expect((await person(ada))?.principals).toEqual([{ issuer: ISSUER, id: "lovelace" }]);
  });
});

describe("gone, and there again", () => {
  const gone = (id: string) => directory.scim("DELETE", `/Users/${id}`);
  const emails = [{ value: "Ada@acme.example", type: "work", primary: true }];

  it.each([
    ["external id", { externalId: "00u1" }, { externalId: "00u1" }],
    ["address", { emails }, { externalId: "00u2", emails: [{ value: "ada@ACME.example" }] }],
    ["user name of before", { userName: "eve" }, { userName: "EVE" }],
  ])("P3: the same %s is the same human, barred from what it asked for before, and is given nothing back", async (_what, before, after) => {
    const first = await directory.user("eve", before);
    await directory.group("managers", [first]);
    await link((await offer("U9")).code, human("eve"), "U9");
    await delegate({}, human("eve"));
    await away({ deputy: first, ...until(DAY) });
    expect((await person(first))?.standsInFor).toMatchObject([{ personId: ada }]);
    expect((await gone(first)).status).toBe(204);
    expect(await person(first)).toBeUndefined();
    const again = await directory.user("evelyn", after);
    expect(again).toBe(first);
    const names = (await person(again))?.principals.map(({ id }) => id);
    expect(names).toContain("eve");
    expect(await person(again)).toMatchObject({ active: true, groups: [], accounts: [], standsInFor: [] });
    expect((await person(bob))?.standsInFor).toEqual([]);
  });

  it("somebody else is somebody else, also after a restart", async () => {
    await gone(ada);
    const zoe = await directory.user("zoe", { externalId: "00u9" });
    expect(zoe).not.toBe(ada);
    const restarted = await runDirectory(log, {}, () => now);
    try {
      expect(await restarted.user("ada")).toBe(ada);
    } finally {
      await restarted.close();
    }
  });
});

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
    await directory.scim("PATCH", `/Users/${ada}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "replace", value: { active: false } }],
    });
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

describe("who can review", () => {
  it("P7: says which of the schedules asked for it does not know", async () => {
    const listed = await directory.people.listReviewers("acme", { groups: ["sre"], schedules: ["nobody-keeps-it"] }, now);
    expect(listed).toMatchObject({ people: [{ id: ada }], unknownSchedules: ["nobody-keeps-it"] });
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

describe("linking an account", () => {
  const account = { channel: "slack", workspace: "T1", id: "U1" };
  const owner = () => directory.people.resolvePerson("acme", { account }, now);

  it("works once, for whoever brings the code, and can be undone", async () => {
    const { code } = await offer("U1");
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
    expect((await link(` ${code.toLowerCase()} `)).account).toMatchObject(account);
    expect(await owner()).toMatchObject({ person: { id: ada } });
    // A reply that was lost: the same person may ask again, nobody else may.
    expect((await link(code)).account).toMatchObject(account);
    await expect(link(code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "LINK_CODE_USED" });
    await expect(look(code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "LINK_CODE_USED" });
    await directory.send("UnlinkAccount", [api.UnlinkAccountRequestSchema, api.UnlinkAccountResponseSchema], { account }, human("ada"));
    expect(await owner()).toEqual({ managed: true, person: undefined });
    await expect(link(code)).rejects.toMatchObject({ reason: "LINK_CODE_USED" });
  });

  it("P3: shows whose account a code links before it does, and links no other: a code that somebody else sent is not taken unseen", async () => {
    const { code } = await offer("U0MALLORY");
    expect(await look(code.toLowerCase())).toMatchObject({
      account: { ...account, id: "U0MALLORY" },
      displayName: "ada.l",
      workspaceName: "acme-corp",
      expireTime: timestampFromDate(later(10 * 60_000)),
    });
    const mismatch = { code: "FAILED_PRECONDITION", reason: "LINK_ACCOUNT_MISMATCH" };
    await expect(link(code, human("ada"), "U1")).rejects.toMatchObject(mismatch);
    const message = [api.LinkAccountRequestSchema, api.LinkAccountResponseSchema] as const;
    await expect(directory.send("LinkAccount", message, { code }, human("ada"))).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await link(code, human("ada"), "U0MALLORY");
    await expect(link(code, human("ada"), "U1")).rejects.toMatchObject(mismatch);
  });

  it("what a channel calls an account stands in the log only as the code's holder can read it", async () => {
    const { code } = await offer("U1");
    const events = await log.readStream({ tenant: "acme", type: "directory", id: "default" });
    const entry = Buffer.from(events.at(-1)?.data ?? []).toString("latin1");
    expect(events.at(-1)?.type).toBe("LinkOffered");
    expect(entry).toContain("U1");
    for (const secret of ["ada.l", "acme-corp", code]) expect(entry).not.toContain(secret);
  });

  it.each([SignInStrength.UNSPECIFIED, SignInStrength.CHAT])(
    "P3: asks for a signed-in session, and strength %i is none",
    async (signIn) => {
      const { code } = await offer("U1");
      const weak = { code: "PERMISSION_DENIED", reason: "SIGN_IN_TOO_WEAK" };
      await expect(look(code, human("ada", { signIn }))).rejects.toMatchObject(weak);
      await expect(link(code, human("ada", { signIn }))).rejects.toMatchObject(weak);
      expect(await owner()).toEqual({ managed: true, person: undefined });
    },
  );

  it("P3: an account is one person's", async () => {
    const [one, two] = [await offer("U1"), await offer("U1")];
    await link(one.code);
    await expect(look(two.code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "ALREADY_LINKED" });
    await expect(link(two.code, human("bob"))).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "ALREADY_LINKED" });
    expect(await owner()).toMatchObject({ person: { id: ada } });
  });

  it("P8: a code of another tenant is no code", async () => {
    const { code } = await offer("U1", { tenant: "other", type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" });
    await expect(look(code)).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
    await expect(link(code)).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
  });

  it("is refused after ten minutes, with a wrong code, and when codes were asked for too often", async () => {
    const { code } = await offer("U1");
    await expect(link("0000-0000-0000-0000")).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
    await expect(look("0000-0000-0000-0000")).rejects.toMatchObject({ reason: "LINK_CODE_INVALID" });
    await offer("U1");
    await offer("U1");
    await expect(offer("U1")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    now = later(10 * 60_000);
    await expect(look(code)).rejects.toMatchObject({ reason: "LINK_CODE_EXPIRED" });
    await expect(link(code)).rejects.toMatchObject({ reason: "LINK_CODE_EXPIRED" });
  });

  it("only services ask for codes", async () => {
    await expect(offer("U1", human("ada"))).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  });
});

describe("who am I", () => {
  it("tells a person what counts, and not what its token says", async () => {
    await delegate({});
    const reply = await me(human("ada", { groups: ["root"] }));
    expect(reply).toMatchObject({ managed: true, personId: ada, active: true, displayName: "Ada", groups: ["dba", "sre"] });
    expect(reply.delegations).toHaveLength(1);
  });

  it("tells strangers and tenants without a directory so", async () => {
    expect(await me(human("mallory"))).toMatchObject({ managed: true, personId: "" });
    expect(await me(human("ada", { tenant: "unmanaged" }))).toMatchObject({ managed: false });
    await expect(delegate({}, human("ada", { tenant: "unmanaged" }))).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "NOT_MANAGED",
    });
  });

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

describe("P7: after an event that a newer build wrote", () => {
  it.each([
    ["of a type", { type: "PersonSuspended", schemaVersion: 1 }],
    ["in a version", { type: "PersonChanged", schemaVersion: 2 }],
  ])("%s that this one does not know: nobody is known, and nothing is changed", async (_what, event) => {
    const stream = { tenant: "acme", type: "directory", id: "default" };
    const { length: expectedVersion } = await log.readStream(stream);
    await log.append({ stream, expectedVersion, events: [{ ...event, data: new Uint8Array() }], time: now });
    const asked = directory.people.resolvePerson("acme", { personId: ada }, now);
    await expect(asked).rejects.toMatchObject({ name: "DirectoryUnreachableError" });
    await expect(delegate({})).rejects.toMatchObject({ code: "INTERNAL" });
    expect(await log.readStream(stream)).toHaveLength(expectedVersion + 1);
    await expect(directory.people.resolvePerson("other", { principal: { issuer: ISSUER, id: "eve" } }, now)).resolves.toBeDefined();
  });
});

it("P3: forgets people that the log does not hold any more, as a standby that lagged", async () => {
  const standby = createMemoryEventLog({ ledger: "main" });
  const lost = new Set<() => void>();
  let current = log;
  const instance = await runDirectory({
    ...log,
    readStream: (...asked) => current.readStream(...asked),
    readContents: (...asked) => current.readContents(...asked),
    onLost: (listener) => (lost.add(listener), () => lost.delete(listener)),
  });
  const other = await runDirectory(standby, {}, () => now);
  for (const name of ["ada", "bob"]) await other.user(name);
  for (const name of ["sre", "dba"]) await other.group(name, []);
  const groups = async () => {
    const resolved = await instance.people.resolvePerson("acme", { principal: { issuer: ISSUER, id: "ada" } }, now);
    return resolved.managed ? resolved.person?.groups : undefined;
  };
  expect(await groups()).toEqual(["dba", "sre"]);
  current = standby;
  lost.forEach((listener) => listener());
  expect(await groups()).toEqual([]);
  await Promise.all([instance.close(), other.close()]);
});
