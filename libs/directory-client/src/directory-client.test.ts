import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { CommandError, inProcessCommands, type CommandHandler } from "@countersign/bus";
import * as wire from "@countersign/proto/internal/v1/directory_pb";
import { silentLogger } from "@countersign/telemetry";
import { describe, expect, it } from "vitest";
import { createDirectoryClient, DirectoryUnreachableError, readDirectoryClientConfig, type DirectoryClientConfig } from "./index.ts";

const at = new Date("2026-11-23T12:01:00Z");
const principal = { issuer: "https://id.acme.example", id: "ada" };
const message = create(wire.PersonSchema, {
  id: "0193",
  displayName: "Ada",
  active: true,
  groups: ["dba"],
  principals: [principal],
  standsInFor: [{ personId: "0194", groups: ["sre"], untilTime: timestampFromMs(1000), effectiveGroups: ["sre"] }],
});
const person = {
  id: "0193",
  displayName: "Ada",
  active: true,
  groups: ["dba"],
  teams: [],
  principals: [principal],
  accounts: [],
  email: "",
  managerId: undefined,
  onCall: [],
  standsInFor: [{ personId: "0194", groups: ["sre"], untilMs: 1000, principals: [], effectiveGroups: ["sre"] }],
  away: false,
  roles: [],
};

const CONFIG = { managedTenants: ["acme"], withoutDirectory: false, timeoutMs: 20_000 };

async function clientOf(
  handlers: Readonly<Record<string, CommandHandler>>,
  { monotonicMs, ...config }: Partial<DirectoryClientConfig> & { readonly monotonicMs?: () => number } = {},
) {
  const commands = inProcessCommands({ logger: silentLogger });
  await commands.serve("directory", handlers);
  const clock = monotonicMs === undefined ? {} : { monotonicMs };
  return createDirectoryClient({ commands, asker: "approval", config: { ...CONFIG, ...config }, ...clock });
}

function resolves(response: { managed: boolean; person?: wire.Person; known?: boolean }): Readonly<Record<string, CommandHandler>> {
  const bytes = toBinary(wire.ResolvePersonResponseSchema, create(wire.ResolvePersonResponseSchema, response));
  return { ResolvePerson: async () => bytes };
}

describe("directory client", () => {
  it("a tenant that is not managed costs one call a minute", async () => {
    let [calls, now] = [0, 0];
    const answer = resolves({ managed: false })["ResolvePerson"];
    const ResolvePerson: CommandHandler = async (command) => {
      calls += 1;
      return (await answer?.(command)) ?? new Uint8Array();
    };
    const client = await clientOf({ ResolvePerson }, { monotonicMs: () => now });
    for (now of [0, 1, 59_999]) {
      expect(await client.resolvePerson("other", { principal }, at)).toEqual({ managed: false });
      expect(await client.listReviewers("other", { groups: ["dba"] }, at)).toEqual({ managed: false });
    }
    expect(calls).toBe(1);
    now = 60_000;
    await Promise.all([client.resolvePerson("other", { principal }, at), client.resolvePerson("other", { principal }, at)]);
    expect(calls).toBe(2);
  });

  it("P7: a tenant that only directory knows to be managed is never taken for unmanaged", async () => {
    const client = await clientOf(resolves({ managed: true }), { managedTenants: [] });
    await expect(client.resolvePerson("acme", { principal }, at)).rejects.toThrow(DirectoryUnreachableError);
    await expect(client.listReviewers("acme", { groups: ["dba"] }, at)).rejects.toThrow(DirectoryUnreachableError);
  });

  it("P7: whether a tenant is managed is not known while a directory that there is does not answer", async () => {
    const slow = await clientOf({ ResolvePerson: () => new Promise<Uint8Array>(() => {}) }, { timeoutMs: 50, managedTenants: [] });
    await expect(slow.resolvePerson("other", { principal }, at)).rejects.toThrow(DirectoryUnreachableError);
    const gone = createDirectoryClient({ commands: inProcessCommands({ logger: silentLogger }), asker: "approval", config: CONFIG });
    await expect(gone.resolvePerson("other", { principal }, at)).rejects.toThrow(DirectoryUnreachableError);
  });

  it("P7: with no managed tenant named, a directory that is down is no directory that says so", async () => {
    const config = { ...CONFIG, managedTenants: [] };
    const client = createDirectoryClient({ commands: inProcessCommands({ logger: silentLogger }), asker: "approval", config });
    await expect(client.resolvePerson("other", { principal }, at)).rejects.toThrow(DirectoryUnreachableError);
    await expect(client.listReviewers("other", { groups: ["dba"] }, at)).rejects.toThrow(DirectoryUnreachableError);
  });

  it("a deployment that says that it has no directory asks none", async () => {
    const config = { ...CONFIG, managedTenants: [], withoutDirectory: true };
    const client = createDirectoryClient({ commands: inProcessCommands({ logger: silentLogger }), asker: "approval", config });
    expect(await client.resolvePerson("other", { principal }, at)).toEqual({ managed: false });
  });

  it("says who it is, and nobody where nobody is known", async () => {
    const known = await clientOf(resolves({ managed: true, person: message }));
    expect(await known.resolvePerson("acme", { principal }, at)).toEqual({ managed: true, person });
    const unknown = await clientOf(resolves({ managed: true }));
    expect(await unknown.resolvePerson("acme", { principal }, at)).toEqual({ managed: true, person: undefined });
    const former = await clientOf(resolves({ managed: true, known: true }));
    expect(await former.resolvePerson("acme", { principal }, at)).toEqual({ managed: true, person: undefined, known: true });
  });

  it("says which schedules are not known now", async () => {
    const reply = create(wire.ResolvePersonResponseSchema, { managed: true, unknownSchedules: ["sre"] });
    const client = await clientOf({ ResolvePerson: async () => toBinary(wire.ResolvePersonResponseSchema, reply) });
    expect(await client.resolvePerson("acme", { principal }, at)).toEqual({ managed: true, person: undefined, unknownSchedules: ["sre"] });
  });

  it.each([
    [{ principal }, "principal"],
    [{ account: { channel: "slack", workspace: "T1", id: "U1" } }, "account"],
    [{ personId: "0193" }, "personId"],
  ] as const)("asks by %o, for the tenant and the time given", async (who, named) => {
    const client = await clientOf({
      ResolvePerson: async ({ caller, request }) => {
        const { who: asked, time } = fromBinary(wire.ResolvePersonRequestSchema, request);
        expect([asked.case, caller?.tenant, time]).toEqual([named, "acme", timestampFromMs(at.getTime())]);
        return toBinary(wire.ResolvePersonResponseSchema, create(wire.ResolvePersonResponseSchema, { managed: true }));
      },
    });
    await client.resolvePerson("acme", who, at);
    expect.assertions(1);
  });

  it("lists reviewers", async () => {
    const reply = create(wire.ListReviewersResponseSchema, { managed: true, people: [message] });
    const client = await clientOf({ ListReviewers: async () => toBinary(wire.ListReviewersResponseSchema, reply) });
    expect(await client.listReviewers("acme", { groups: ["dba"] }, at)).toEqual({ managed: true, people: [person] });
  });

  it.each([
    ["nobody listens for it", { Other: async () => new Uint8Array() }],
    ["it does not answer in time", { ResolvePerson: () => new Promise<Uint8Array>(() => {}) }],
    ["its answer is no message", { ResolvePerson: async () => new Uint8Array([255]) }],
    ["it says of a managed tenant that it is not", resolves({ managed: false })],
    ["it names a person without an id", resolves({ managed: true, person: create(wire.PersonSchema, { active: true }) })],
  ] as const)("P7: unreachable, and never unmanaged, when %s", async (_, handlers) => {
    const client = await clientOf(handlers, { timeoutMs: 50 });
    await expect(client.resolvePerson("acme", { principal }, at)).rejects.toThrow(DirectoryUnreachableError);
  });

  it("P7: that its log is corrupt is told as it is, of managed tenants and others", async () => {
    const corrupt: CommandHandler = () => Promise.reject(new CommandError("DATA_LOSS", "LOG_CORRUPT", "no"));
    const client = await clientOf({ ResolvePerson: corrupt, ListReviewers: corrupt });
    const told = { code: "DATA_LOSS", reason: "LOG_CORRUPT" };
    for (const tenant of ["acme", "other"]) await expect(client.resolvePerson(tenant, { principal }, at)).rejects.toMatchObject(told);
    await expect(client.listReviewers("acme", { groups: ["dba"] }, at)).rejects.toMatchObject(told);
  });

  it("reads its settings", () => {
    expect(readDirectoryClientConfig({ COUNTERSIGN_MANAGED_TENANTS: "acme, beta" })).toEqual({
      managedTenants: ["acme", "beta"],
      withoutDirectory: false,
      timeoutMs: 2000,
    });
    expect(readDirectoryClientConfig({}).managedTenants).toEqual([]);
    expect(readDirectoryClientConfig({ COUNTERSIGN_WITHOUT_DIRECTORY: "true" }).withoutDirectory).toBe(true);
    expect(() => readDirectoryClientConfig({ COUNTERSIGN_MANAGED_TENANTS: "acme", COUNTERSIGN_WITHOUT_DIRECTORY: "true" })).toThrow(
      "COUNTERSIGN_WITHOUT_DIRECTORY: people of COUNTERSIGN_MANAGED_TENANTS",
    );
    expect(() => readDirectoryClientConfig({ COUNTERSIGN_MANAGED_TENANTS: "acme;beta" })).toThrow(
      "COUNTERSIGN_MANAGED_TENANTS: must be tenants",
    );
  });
});
