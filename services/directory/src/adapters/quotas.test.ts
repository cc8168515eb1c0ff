import { createMemoryEventLog } from "@countersign/event-log/testing";
import { readQuotas } from "@countersign/quotas";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asking, DAY, NOON } from "../testing/ada-and-bob.ts";
import { runDirectory, TOKENS, type RunningTestDirectory } from "../testing/running-directory.ts";

const log = createMemoryEventLog({ ledger: "main" });
const few = { ...readQuotas({}).of("acme"), people: 2, groups: 1, memberships: 1, delegations: 1 };
let directory: RunningTestDirectory;
const { delegate, until } = asking(
  () => directory,
  () => NOON,
);

beforeAll(async () => {
  directory = await runDirectory(log, {}, () => NOON, { of: (tenant) => (tenant === "acme" ? few : readQuotas({}).of(tenant)) });
});
afterAll(() => directory.close());

describe("P8: a directory that is as large as it may be", () => {
  it("says which limit it is and what helps, adds nothing, and lets leavers go", async () => {
    const ada = await directory.user("ada");
    const bob = await directory.user("bob");
    const sre = await directory.group("sre", [ada]);
    const position = await log.nextPosition();
    const refused = async (method: string, path: string, body: object) => {
      const { status, body: error } = await directory.scim(method, path, body);
      return [status, error["status"], error["scimType"], error["detail"]];
    };
    const raise = (what: string) => `or have ${what} raised in COUNTERSIGN_QUOTAS_FILE`;
    expect(await refused("POST", "/Users", { userName: "eve" })).toEqual([
      403,
      "403",
      undefined,
      `this tenant may have 2 people, with those who were removed and not erased; nothing was changed but that who was to go is out: erase who was removed, ${raise("people")}`,
    ]);
    const long = { userName: "bob", emails: Array.from({ length: 20 }, (_, index) => ({ value: `${index}@${"x".repeat(300)}` })) };
    expect(await refused("PUT", `/Users/${bob}`, long)).toMatchObject([403, "403", undefined, expect.stringContaining(raise("people"))]);
    expect(await refused("POST", "/Groups", { displayName: "dba" })).toMatchObject([
      403,
      "403",
      undefined,
      expect.stringContaining(raise("groups")),
    ]);
    const both = { displayName: "sre", members: [{ value: ada }, { value: bob }] };
    expect(await refused("PUT", `/Groups/${sre}`, both)).toMatchObject([
      403,
      "403",
      undefined,
      expect.stringContaining(raise("memberships")),
    ]);
    expect(await log.nextPosition()).toBe(position);
    // Another tenant has room, and who leaves may leave.
    const other = { authorization: `Bearer ${TOKENS.other}` };
    for (const userName of ["eve", "max", "zed"]) expect((await directory.scim("POST", "/Users", { userName }, other)).status).toBe(201);
    expect((await directory.scim("PUT", `/Users/${bob}`, { userName: "bob", active: false })).status).toBe(200);
    expect((await directory.scim("PUT", `/Users/${bob}`, { userName: "bob", active: true })).status).toBe(200);
  });

  it("P3: who leaves is switched off by the change that also renames him, in a full directory", async () => {
    const crowded = await runDirectory(createMemoryEventLog({ ledger: "main" }), {}, () => NOON, { of: () => ({ ...few, people: 3 }) });
    const emails = Array.from({ length: 20 }, (_, index) => ({ value: `${index}@`.padEnd(299, "x") }));
    const [ada, bob] = [await crowded.user("ada", { emails }), await crowded.user("bob", { displayName: "Bob" })];
    const eve = await crowded.user("e");
    const sre = await crowded.group("sre", [bob]);
    const put = async (path: string, body: object) => (await crowded.scim("PUT", path, body)).status;
    expect(await put(`/Groups/${sre}`, { displayName: "sre", members: [{ value: ada }, { value: eve }] })).toBe(403);
    expect((await crowded.scim("GET", `/Groups/${sre}?attributes=members`)).body["members"] ?? []).toEqual([]);
    expect(await put(`/Users/${bob}`, { userName: "bob", displayName: "Bob (has left us)", active: false })).toBe(403);
    const { body } = await crowded.scim("GET", `/Users/${bob}`);
    expect([body["active"], body["displayName"]]).toEqual([false, "Bob"]);
    await crowded.close();
  });

  it("takes no more delegations than may be, with the limit for programs", async () => {
    await delegate({});
    await delegate({});
    await expect(delegate(until(2 * DAY))).rejects.toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "DIRECTORY_QUOTA",
      metadata: { quota: "delegations", limit: "1" },
      message:
        "this tenant may have 1 delegations that have not ended; nothing was changed but that who was to go is out: end some, or have delegations raised in COUNTERSIGN_QUOTAS_FILE",
    });
  });
});
