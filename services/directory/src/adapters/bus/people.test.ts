import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { readQuotas } from "@countersign/quotas";
import { silentLogger } from "@countersign/telemetry";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { adaAndBob, asking, DAY, NOON } from "../../testing/ada-and-bob.ts";
import { human, ISSUER, patch, runDirectory, type RunningTestDirectory } from "../../testing/running-directory.ts";

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

const { until, delegate, away, offer, link, me, person } = asking(
  () => directory,
  () => now,
);

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
  await directory.scim("PATCH", `/Users/${bob}`, patch({ op: "replace", path: `${manager}:manager.value`, value: ada }));
  expect(await directory.people.resolvePerson("acme", { personId: ada }, now, asked)).toMatchObject({
    person: { reports: [{ id: "cyd" }, { id: "bob" }] },
  });
});

describe("a new name", () => {
  const rename = (id: string, userName: string) =>
    directory.scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "userName", value: userName }));
  const byName = async (id: string) => directory.people.resolvePerson("acme", { principal: { issuer: ISSUER, id } }, now);

  it("P3: does not make another human: what was asked for under the old name is still its own", async () => {
    await delegate({});
    expect((await rename(ada, "lovelace")).status).toBe(200);
    expect(await byName("ada")).toEqual({ managed: true, person: undefined, known: true });
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

describe("who can review", () => {
  it("P7: says which of the schedules asked for it does not know", async () => {
    const listed = await directory.people.listReviewers("acme", { groups: ["sre"], schedules: ["nobody-keeps-it"] }, now);
    expect(listed).toMatchObject({ people: [{ id: ada }], unknownSchedules: ["nobody-keeps-it"] });
    expect(listed).not.toHaveProperty("unknownGroups");
  });

  it("says in which of the groups nobody is, and which of the people are nobody", async () => {
    const leaver = await directory.user("eve", { active: false });
    await directory.group("leavers", [leaver]);
    await directory.group("empty", []);
    const groups = ["sre", "leavers", "empty", "misspelt"];
    expect(await directory.people.listReviewers("acme", { groups, personIds: [ada, leaver, "nobody"] }, now)).toMatchObject({
      people: [{ id: ada }],
      unknownGroups: ["leavers", "empty", "misspelt"],
      unknownPersonIds: [leaver, "nobody"],
    });
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

it("P7: of a person's profile that was changed: that tenant knows nobody, others do, and the log of the service says where", async () => {
  const altered: EventLog["readContents"] = async (...asked) =>
    new Map([...(await log.readContents(...asked))].map(([digest, content]) => [digest, { ...content, body: Buffer.from("{}") }]));
  const told: object[] = [];
  const error = (fields: object, text: string) => void (text.startsWith("the event log is corrupt") && told.push(fields));
  const instance = await runDirectory({ ...log, readContents: altered }, {}, () => now, readQuotas({}), { ...silentLogger, error });
  try {
    const schemas = [api.GetMeRequestSchema, api.GetMeResponseSchema] as const;
    const asked = instance.send("GetMe", schemas, {}, human("ada"));
    await expect(asked).rejects.toMatchObject({ code: "DATA_LOSS", reason: "LOG_CORRUPT" });
    expect(await instance.scim("GET", "/Users")).toMatchObject({
      status: 500,
      body: { detail: expect.stringContaining("corrupt") as string },
    });
    const where = expect.objectContaining({ reason: "LOG_CORRUPT", position: 0 }) as object;
    // At the start, which goes on without that tenant, then twice.
    expect(told).toEqual([where, where, where]);
    await expect(instance.people.resolvePerson("other", { personId: "nobody" }, now)).resolves.toMatchObject({ managed: true });
  } finally {
    await instance.close();
  }
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
