import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { inProcessCommands, type EventFeed } from "@countersign/bus";
import { migrate } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { CommandSchema, EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import {
  ActivatePolicyRequestSchema,
  PublishPolicyRequestSchema,
  PublishPolicyResponseSchema,
} from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startPolicy } from "./app.ts";

let postgres: TestPostgres;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  postgres = await testPostgres(async (url) => {
    await migrate(url, [eventLogMigrations]);
  });
});

afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  await postgres.drop();
});

const silentFeed: EventFeed = { subscribe: () => () => undefined };
const caller = { tenant: "acme", type: PrincipalType.HUMAN, issuer: "https://issuer.example", id: "ada", roles: ["policy_admin"] };
const input = { action: { name: "db.export" }, resource: { type: "db.table", id: "customers" } };
const documentOf = (name: string, outcome: string) =>
  `apiVersion: countersign.dev/v1\nkind: Policy\nmetadata: { name: ${name} }\nrules: [{ name: all, outcome: ${outcome} }]\n`;

const MAX_AGE_MS = 200;

/** An instance with a connection of its own; it hears of the others only by reading the log. */
async function startInstance() {
  const log = createTestEventLog({ url: postgres.url, ledger: "main", logger: silentLogger });
  const commands = inProcessCommands({ logger: silentLogger });
  const service = await startPolicy({
    config: { maxAgeMs: MAX_AGE_MS, cachedTenants: 10, directory: { managedTenants: [], withoutDirectory: true, timeoutMs: 2000 } },
    log,
    commands,
    feed: silentFeed,
    logger: silentLogger,
  });
  closing.push(async () => {
    await service.close();
    await log.close();
  });
  const send = (method: string, request: Uint8Array) =>
    commands.send("policy", method, create(CommandSchema, { caller, request }), { timeoutMs: 20_000 });
  return {
    publish: async (document: string) => {
      const reply = await send("PublishPolicy", toBinary(PublishPolicyRequestSchema, create(PublishPolicyRequestSchema, { document })));
      return fromBinary(PublishPolicyResponseSchema, reply).revision?.revision;
    },
    activate: (revision: bigint) =>
      send("ActivatePolicy", toBinary(ActivatePolicyRequestSchema, create(ActivatePolicyRequestSchema, { revision }))),
    outcome: async () => {
      const request = create(EvaluateRequestSchema, { requester: caller, input, time: timestampFromDate(new Date()) });
      return fromBinary(EvaluateResponseSchema, await send("Evaluate", toBinary(EvaluateRequestSchema, request))).verdict?.outcome;
    },
  };
}

/** What was known before is now as old as it may be. */
async function grownOld(): Promise<void> {
  const since = performance.now();
  while (performance.now() < since + MAX_AGE_MS) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("policy on Postgres", () => {
  it("P4: instances that publish at the same moment lose nothing and number densely", async () => {
    const [one, two] = await Promise.all([startInstance(), startInstance()]);
    const names = ["a", "b", "c", "d"];
    const revisions = await Promise.all(names.map((name, index) => (index % 2 === 0 ? one : two).publish(documentOf(name, "allow"))));
    expect(new Set(revisions)).toEqual(new Set([1n, 2n, 3n, 4n]));
  });

  it("instances follow an activation within the age that a policy may have, without NATS", async () => {
    const [one, two] = await Promise.all([startInstance(), startInstance()]);
    const allow = (await one.publish(documentOf("allow", "allow"))) ?? 0n;
    const deny = (await one.publish(documentOf("deny", "deny"))) ?? 0n;
    await one.activate(allow);
    expect(await two.outcome()).toBe(VerdictOutcome.ALLOW);
    await one.activate(deny);
    expect(await one.outcome()).toBe(VerdictOutcome.DENY);
    await grownOld();
    expect(await two.outcome()).toBe(VerdictOutcome.DENY);
  });

  it("P7: without Postgres there is no verdict once the policy is that old", async () => {
    const gone = postgres;
    const one = await startInstance();
    await one.publish(documentOf("allow again", "allow"));
    expect(await one.outcome()).toBe(VerdictOutcome.DENY);
    await gone.drop();
    await grownOld();
    await expect(one.outcome()).rejects.toMatchObject({ code: "UNAVAILABLE", reason: "LOG_UNREACHABLE" });
  });
});
