import { migrate, openDatabase, serviceRole } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType, SignInStrength } from "@countersign/proto/v1/principal_pb";
import { human, ISSUER, patch, runDirectory, type RunningTestDirectory } from "./testing/running-directory.ts";

const officer = human("officer", { roles: ["privacy_officer"], signIn: SignInStrength.MFA });

let postgres: TestPostgres;
const closing: (() => Promise<void>)[] = [];
let one: RunningTestDirectory;
let two: RunningTestDirectory;

beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  [one, two] = [await startInstance(), await startInstance()];
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await postgres.drop();
});

/** An instance with connections of its own; it hears of the others only through the log. */
async function startInstance(): Promise<RunningTestDirectory> {
  const log = createTestEventLog({ url: postgres.url, ledger: "main", role: serviceRole("directory"), logger: silentLogger });
  const instance = await runDirectory(log);
  closing.push(async () => {
    await instance.close();
    await log.close();
  });
  return instance;
}

const removal = (member: string) => patch({ op: "Remove", path: `members[value eq "${member}"]` });

async function groupsAt({ people }: RunningTestDirectory, id: string, at = new Date()): Promise<readonly string[] | undefined> {
  const resolved = await people.resolvePerson("acme", { principal: { issuer: ISSUER, id } }, at);
  return resolved.managed ? resolved.person?.groups : undefined;
}

describe("directory on Postgres", () => {
  it("P3: somebody who left a group at noon does not approve at one minute past, whichever instance is asked", async () => {
    const ada = await one.user("ada@acme.example");
    const sre = await one.group("sre", [ada]);
    expect(await groupsAt(two, "ada@acme.example", new Date("2026-11-23T11:59:00Z"))).toEqual(["sre"]);
    expect((await one.scim("PATCH", `/Groups/${sre}`, removal(ada))).status).toBe(204);
    expect(await groupsAt(two, "ada@acme.example", new Date("2026-11-23T12:01:00Z"))).toEqual([]);
  });

  it("P3: what one instance acknowledged, the other says in its very next answer, under load, every time", async () => {
    const bob = await one.user("bob@acme.example");
    const group = await one.group("dba", []);
    const busy = new AbortController();
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!busy.signal.aborted) await groupsAt(two, "bob@acme.example");
      }),
    );
    for (let round = 0; round < 20; round += 1) {
      const [writer, reader] = round % 2 === 0 ? [one, two] : [two, one];
      const members = round % 4 < 2 ? [{ value: bob }] : [];
      expect((await writer.scim("PUT", `/Groups/${group}`, { displayName: "dba", members })).status).toBe(200);
      expect(await groupsAt(reader, "bob@acme.example")).toEqual(members.length === 0 ? [] : ["dba"]);
    }
    busy.abort();
    await load;
  });

  it("P4: instances that change one group at the same moment lose nothing", async () => {
    const members = await Promise.all(
      Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? one : two).user(`p${index}@acme.example`)),
    );
    const group = await one.group("crowd", []);
    const add = (value: string) => patch({ op: "add", path: "members", value: [{ value }] });
    const answers = await Promise.all(members.map((id, index) => (index % 2 === 0 ? two : one).scim("PATCH", `/Groups/${group}`, add(id))));
    expect(answers.map(({ status }) => status)).toEqual(members.map(() => 204));
    const { body } = await one.scim("GET", `/Groups/${group}`);
    expect((body["members"] as { value: string }[]).map(({ value }) => value).toSorted()).toEqual(members.toSorted());
  });

  it("P5: an instance that starts later has the same directory from the log alone", async () => {
    const three = await startInstance();
    const [before, after] = [await one.scim("GET", "/Users?count=500"), await three.scim("GET", "/Users?count=500")];
    expect(after.body).toEqual(before.body);
    expect((await three.scim("GET", "/Groups")).body).toEqual((await two.scim("GET", "/Groups")).body);
  });

  it("P7: a person whose content was erased is nobody who could sign in, and everybody else is as before", async () => {
    const eve = await one.user("eve@acme.example");
    await one.group("temps", [eve]);
    const erase = (more: object = {}, caller = officer) =>
      two.send(
        "ErasePerson",
        [api.ErasePersonRequestSchema, api.ErasePersonResponseSchema],
        { personId: eve, reason: "left", ...more },
        caller,
      );
    await expect(erase()).rejects.toMatchObject({ reason: "WRONG_STATE" });
    await expect(erase({ force: true }, { ...officer, signIn: SignInStrength.SESSION })).rejects.toMatchObject({
      reason: "SIGN_IN_TOO_WEAK",
    });
    await expect(erase({ force: true }, { ...officer, type: PrincipalType.AGENT })).rejects.toMatchObject({ reason: "NOT_HUMAN" });
    await expect(erase({ personId: "nobody" })).rejects.toMatchObject({ reason: "NOT_FOUND" });
    const { erasure: planned } = await erase({ force: true, dryRun: true });
    expect(await groupsAt(one, "eve@acme.example")).toEqual(["temps"]);
    const { erasure } = await erase({ force: true });
    expect([planned?.contents, planned?.position]).toEqual([erasure?.contents, undefined]);
    expect(erasure?.contents.map(({ namedBy }) => namedBy)).toEqual(["PersonProvisioned.profile"]);
    expect((await erase({ force: true })).erasure).toMatchObject({ contents: [] });
    expect(await groupsAt(one, "eve@acme.example")).toBeUndefined();
    const owner = openDatabase({ url: postgres.url, role: null });
    const { rows } = await owner.pool.query("select from event_log.content where position('eve@acme.example'::bytea in body) > 0");
    await owner.close();
    expect(rows).toEqual([]);
    const later = await startInstance();
    expect((await later.scim("GET", "/Users?count=500")).body).toEqual((await one.scim("GET", "/Users?count=500")).body);
    expect(await later.people.resolvePerson("acme", { personId: eve }, new Date())).toMatchObject({
      person: { displayName: "", groups: ["temps"] },
    });
    expect(await groupsAt(later, "ada@acme.example")).toEqual([]);
  });

  it("P7: without the log nobody knows who anybody is, and a SCIM change is not acknowledged", async () => {
    const gone = await testPostgres((url) => migrate(url, [eventLogMigrations]));
    const log = createTestEventLog({ url: gone.url, ledger: "main", logger: silentLogger });
    const alone = await runDirectory(log);
    await alone.user("eve@acme.example");
    await gone.drop();
    await expect(groupsAt(alone, "eve@acme.example")).rejects.toMatchObject({ name: "DirectoryUnreachableError" });
    expect((await alone.scim("POST", "/Users", { userName: "new@acme.example" })).status).toBe(503);
    await alone.close();
    await log.close();
  });
});
