import { request } from "node:http";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ISSUER, patch, runDirectory, TOKENS, type RunningTestDirectory } from "../../testing/running-directory.ts";
import { SCIM_ISSUER } from "./answer.ts";

const log = () => createMemoryEventLog({ ledger: "main" });
let ledger = log();
let directory: RunningTestDirectory;

beforeEach(async () => {
  ledger = log();
  directory = await runDirectory(ledger);
});
afterEach(() => directory.close());

const OWN = "urn:ietf:params:scim:schemas:extension:countersign:2.0:User";

describe("who may speak SCIM", () => {
  it.each([
    ["no token", {}],
    ["another token", { authorization: "Bearer wrong" }],
    ["its hash", { authorization: "Bearer 0000000000000000000000000000000000000000000000000000000000000000" }],
    ["another scheme", { authorization: `Basic ${TOKENS.acme}` }],
    ["the token with more behind it", { authorization: `Bearer ${TOKENS.acme} x` }],
    ["an empty token", { authorization: "Bearer " }],
  ])("P7: %s is refused before anything is looked at", async (_, headers) => {
    const response = await fetch(`http://127.0.0.1:${directory.port}/scim/v2/Users`, { method: "POST", headers, body: "{" });
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="scim"']);
    expect(await response.json()).toMatchObject({ schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"], status: "401" });
    expect(await ledger.nextPosition()).toBe(0);
  });

  it("P8: a tenant's token sees, finds and changes nothing of another tenant", async () => {
    const ada = await directory.user("ada@acme.example");
    const group = await directory.group("sre", [ada]);
    const other = { authorization: `Bearer ${TOKENS.other}` };
    expect((await directory.scim("GET", "/Users", undefined, other)).body).toMatchObject({ totalResults: 0 });
    expect((await directory.scim("GET", `/Users/${ada}`, undefined, other)).status).toBe(404);
    expect((await directory.scim("DELETE", `/Users/${ada}`, undefined, other)).status).toBe(404);
    expect((await directory.scim("PATCH", `/Groups/${group}`, patch({ op: "remove", path: "members" }), other)).status).toBe(404);
    expect((await directory.scim("POST", "/Groups", { displayName: "x", members: [{ value: ada }] }, other)).status).toBe(400);
    expect((await directory.scim("POST", "/Users", { userName: "ada@acme.example" }, other)).status).toBe(201);
    expect(await directory.people.resolvePerson("other", { personId: ada }, new Date())).toEqual({ managed: true, person: undefined });
  });

  it("P8: a tenant that holds its requests open takes no place of another tenant's", async () => {
    const headers = { authorization: `Bearer ${TOKENS.acme}`, "content-type": "application/scim+json", "content-length": "10" };
    const open = Array.from({ length: 64 }, () => {
      const one = request({ port: directory.port, host: "127.0.0.1", path: "/scim/v2/Users", method: "POST", headers, agent: false });
      one.on("error", () => {}).flushHeaders();
      return one;
    });
    try {
      await vi.waitFor(async () => expect((await directory.scim("GET", "/Users")).status).toBe(429), { timeout: 20_000 });
      const other = { authorization: `Bearer ${TOKENS.other}` };
      expect((await directory.scim("GET", "/Users", undefined, other)).status).toBe(200);
    } finally {
      for (const one of open) one.destroy();
    }
  });
});

describe("what SCIM refuses", () => {
  it.each<[string, string, string, unknown, number, string | undefined]>([
    ["a body that is not JSON", "POST", "/Users", "{", 400, "invalidSyntax"],
    ["no body", "POST", "/Users", undefined, 400, "invalidSyntax"],
    ["a body above 1 MiB", "POST", "/Users", `"${"x".repeat(1024 * 1024)}"`, 413, undefined],
    ["a user without a name", "POST", "/Users", { active: true }, 400, "invalidValue"],
    ["a name with a control character", "POST", "/Users", { userName: "a\u0007" }, 400, "invalidValue"],
    ["active that is neither", "POST", "/Users", { userName: "a", active: "yes" }, 400, "invalidValue"],
    ["an attribute that nobody knows", "POST", "/Users", { userName: "a", activ: false }, 400, "invalidPath"],
    ["an account without a workspace", "POST", "/Users", { userName: "a", [OWN]: { slackAccount: "U1" } }, 400, "invalidValue"],
    ["a member who is not there", "POST", "/Groups", { displayName: "g", members: [{ value: "nobody" }] }, 400, "invalidValue"],
    ["a group in a group", "POST", "/Groups", { displayName: "g", members: [{ value: "x", type: "Group" }] }, 400, "invalidValue"],
    ["a filter that is not eq", "GET", '/Users?filter=userName co "a"', undefined, 400, "invalidFilter"],
    ["a filter with or", "GET", '/Users?filter=userName eq "a" or id pr', undefined, 400, "invalidFilter"],
    ["a filter on what is not kept", "GET", '/Users?filter=title eq "a"', undefined, 400, "invalidFilter"],
    ["a count that is none", "GET", "/Users?count=many", undefined, 400, "invalidValue"],
    ["a path below a user", "GET", "/Users/a/b", undefined, 404, undefined],
    ["another resource", "GET", "/Bulk", undefined, 404, undefined],
    ["another method", "DELETE", "/Users", undefined, 405, undefined],
  ])("%s", async (_, method, path, body, status, scimType) => {
    await directory.user("present@acme.example");
    const answer = await directory.scim(method, path, body);
    expect([answer.status, answer.body["status"], answer.body["scimType"]]).toEqual([status, String(status), scimType]);
    expect(await ledger.nextPosition()).toBe(1);
  });

  it.each([
    ["without its schema", { Operations: [{ op: "add", path: "displayName", value: "x" }] }, "invalidSyntax"],
    ["without operations", patch(), "invalidSyntax"],
    ["with another op", patch({ op: "move", path: "displayName", value: "x" }), "invalidSyntax"],
    ["that removes nothing in particular", patch({ op: "remove" }), "noTarget"],
    ["of groups at the user", patch({ op: "remove", path: "groups" }), "mutability"],
    ["into the prototype", patch({ op: "add", path: "__proto__.active", value: true }), "invalidPath"],
    [
      "into the prototype without a path",
      patch({ op: "add", value: JSON.parse('{"__proto__":{"active":true}}') as object }),
      "invalidPath",
    ],
    ["of the constructor", patch({ op: "replace", path: "constructor.prototype.x", value: "y" }), "invalidPath"],
  ])("a PATCH %s, and all of it", async (_, body, scimType) => {
    const id = await directory.user("ada@acme.example");
    const first = { op: "replace", path: "displayName", value: "changed" };
    const both = { ...body, Operations: body.Operations.length === 0 ? [] : [first, ...body.Operations] };
    expect((await directory.scim("PATCH", `/Users/${id}`, both)).body).toMatchObject({ status: "400", scimType });
    expect((await directory.scim("GET", `/Users/${id}`)).body["displayName"]).toBeUndefined();
  });

  it.each<[string, object]>([
    ["a user name, whatever its case", { userName: "ADA@acme.example" }],
    ["an external id", { userName: "b", externalId: "e1" }],
    ["an account", { userName: "b", [OWN]: { slackAccount: "T1/U1" } }],
    ["a principal", { userName: "b", [OWN]: { principals: ["https://git.example|7"] } }],
  ])("P3: two people with %s", async (_, second) => {
    await directory.user("ada@acme.example", { externalId: "e1", [OWN]: { slackAccount: "T1/U1", principals: ["https://git.example|7"] } });
    expect((await directory.scim("POST", "/Users", second)).body).toMatchObject({ status: "409", scimType: "uniqueness" });
  });
});

describe("what SCIM records", () => {
  it("keeps names and addresses out of every entry", async () => {
    const id = await directory.user("ada@acme.example", {
      displayName: "Ada Lovelace",
      emails: [{ value: "ada@mail.example", type: "work" }],
    });
    await directory.scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "displayName", value: "Countess" }));
    const events = await ledger.readAll({ from: 0, limit: 10 });
    const bytes = Buffer.concat(events.map(({ entry }) => entry)).toString("latin1");
    for (const text of ["ada@", "Ada", "Lovelace", "Countess", "mail.example"]) expect(bytes).not.toContain(text);
    expect(events.map(({ type, actor }) => [type, actor])).toEqual([
      ["PersonProvisioned", { issuer: SCIM_ISSUER, id: "provider" }],
      ["PersonChanged", { issuer: SCIM_ISSUER, id: "provider" }],
    ]);
  });

  it("a repetition records nothing", async () => {
    const ada = await directory.user("ada@acme.example");
    const group = await directory.group("sre", [ada]);
    const before = await ledger.nextPosition();
    await directory.scim("PUT", `/Users/${ada}`, { userName: "ada@acme.example", active: true });
    await directory.scim("PATCH", `/Users/${ada}`, patch({ op: "replace", path: "active", value: true }));
    await directory.scim("PATCH", `/Groups/${group}`, patch({ op: "add", path: "members", value: [{ value: ada }] }));
    await directory.scim("PUT", `/Groups/${group}`, { displayName: "sre", members: [{ value: ada }] });
    expect(await ledger.nextPosition()).toBe(before);
  });

  it("a person with everything is found by every sign-in and account of its own", async () => {
    const id = await directory.user("ada@acme.example", {
      displayName: "Ada",
      emails: [{ value: "home@x.example" }, { value: "ada@x.example", primary: true }],
      [OWN]: { team: "payments", slackAccount: "T1/U1", principals: ["https://git.example|auth0|7"] },
    });
    const at = new Date();
    const known = await directory.people.resolvePerson("acme", { principal: { issuer: ISSUER, id: "ada@acme.example" } }, at);
    expect(known).toMatchObject({ person: { id, teams: ["payments"], email: "ada@x.example", active: true } });
    expect(await directory.people.resolvePerson("acme", { principal: { issuer: "https://git.example", id: "auth0|7" } }, at)).toEqual(
      known,
    );
    expect(await directory.people.resolvePerson("acme", { account: { channel: "slack", workspace: "T1", id: "U1" } }, at)).toEqual(known);
    expect(await directory.people.resolvePerson("acme", { personId: id }, at)).toEqual(known);
    for (const who of [
      { principal: { issuer: ISSUER, id: "ADA@acme.example" } },
      { principal: { issuer: "https://elsewhere.example", id: "ada@acme.example" } },
      { principal: { issuer: ISSUER, id: "Ada" } },
      { account: { channel: "slack", workspace: "T2", id: "U1" } },
      { account: { channel: "slack", workspace: "T1", id: "Ada" } },
    ]) {
      expect(await directory.people.resolvePerson("acme", who, at)).toEqual({ managed: true, person: undefined });
    }
  });
});
