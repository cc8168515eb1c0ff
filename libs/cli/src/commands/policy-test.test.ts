import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandError } from "@countersign/bus";
import { createRpcServer, type RunningRpcServer, type UnaryHandler } from "@countersign/grpc-kit";
import { TimeoutAction, VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { DirectoryService, GetMeResponseSchema } from "@countersign/proto/v1/directory_service_pb";
import { PolicyService, TestPolicyRequestSchema, TestPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../program.ts";

const HOSTILE = "\u001b[2Jno\u202esuch";
const folder = mkdtempSync(join(tmpdir(), "countersign-policy-test-"));
const file = join(folder, "next.yaml");
writeFileSync(file, "rules: []\n");
let server: RunningRpcServer;
let asked: unknown[];
let refused: CommandError | undefined;

const ANSWER = create(TestPolicyResponseSchema, {
  verdict: {
    outcome: VerdictOutcome.REVIEW,
    rule: "exports",
    reasons: ["Data leaves."],
    stages: [
      { name: "owners", quorumText: "1 of data-owners", seconds: 5400, onTimeout: TimeoutAction.ESCALATE },
      { name: "security", quorumText: "2 of security", seconds: 86_400, onTimeout: TimeoutAction.HOLD },
    ],
    risk: [{ points: 40, reason: "All columns." }],
  },
  rules: [
    { rule: "exports", matched: true, outcome: VerdictOutcome.REVIEW },
    { rule: "drops", outcome: VerdictOutcome.DENY, note: HOSTILE },
  ],
});

beforeAll(async () => {
  const rpc = createRpcServer({ logger: silentLogger, limits: { drainMs: 100 } });
  const unanswered: UnaryHandler = async () => new Uint8Array();
  rpc.add(PolicyService, {
    publishPolicy: unanswered,
    activatePolicy: unanswered,
    getPolicy: unanswered,
    listPolicyRevisions: unanswered,
    backtestPolicy: async () => {},
    testPolicy: async (bytes) => {
      asked.push(fromBinary(TestPolicyRequestSchema, Uint8Array.from(bytes)));
      if (refused !== undefined) throw refused;
      return toBinary(TestPolicyResponseSchema, ANSWER);
    },
  });
  rpc.add(DirectoryService, {
    getMe: async () => toBinary(GetMeResponseSchema, create(GetMeResponseSchema, { principal: { issuer: "urn:mine" } })),
    createDelegation: unanswered,
    revokeDelegation: unanswered,
    listDelegations: unanswered,
    setAway: unanswered,
    getLinkOffer: unanswered,
    linkAccount: unanswered,
    unlinkAccount: unanswered,
    erasePerson: unanswered,
  });
  server = await rpc.listen("127.0.0.1", 0);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  refused = undefined;
});

async function test(...args: readonly string[]) {
  let [out, err] = ["", ""];
  const env = { COUNTERSIGN_ADDRESS: `127.0.0.1:${server.port}`, COUNTERSIGN_TOKEN: "t" };
  const io = { out: { write: (text: string) => (out += text) }, env, signal: new AbortController().signal };
  const code = await run(["policy", "test", ...args], io, { write: (text: string) => (err += text) });
  expect(out + err).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  return { code, out, err };
}

const BEHIND = {
  owner: { issuer: "https://idp.example", id: "ann" },
  chain: [
    { issuer: "https://idp.example", id: "copilot" },
    { issuer: "https://other.example", id: "bob" },
  ],
};

const EXPORT = [file, "db.export", "--resource", "database:crm", "--requester", "agent:crm-agent"];

describe("policy test", () => {
  it("prints the verdict, whom it asks until when, and how every rule fared", async () => {
    const { code, out } = await test(...EXPORT);
    expect(code).toBe(0);
    expect(out.split("\n").slice(0, -4)).toEqual([
      'review by rule "exports" of next.yaml: Data leaves.',
      "risk 40: All columns.",
      "",
      "STAGE     NEEDS             DEADLINE  THEN",
      "owners    1 of data-owners  90m       others are asked, once",
      "security  2 of security     1d        stays open",
      "",
    ]);
    expect(out).toMatch(/^exports +review +matched$/m);
    expect(out).toMatch(/^drops +deny +.*such$/m);
    expect(JSON.parse((await test(...EXPORT, "--json")).out)).toMatchObject({ verdict: { rule: "exports" }, rules: [{}, {}] });
  });

  it("asks as its options say: who, what, when", async () => {
    const what = ["--param", "limit=10", "--context", "environment=production", "--subject", "user:ann"];
    const who = ["--group", "sre", "--group", "dba", "--role", "requester"];
    await test(...EXPORT, ...what, ...who, "--at", "2026-01-31T12:30:05Z");
    const behind = ["--owner", "ann", "--chain", "copilot", "--chain", "https://other.example#bob"];
    await test(...EXPORT, "--issuer", "https://idp.example", ...behind);
    const input = { action: { name: "db.export" }, resource: { type: "database", id: "crm" } };
    expect(asked).toMatchObject([
      {
        document: "rules: []\n",
        input: {
          action: { name: "db.export", properties: { limit: 10 } },
          resource: input.resource,
          subject: { type: "user", id: "ann" },
          context: { environment: "production" },
        },
        requester: { type: PrincipalType.AGENT, id: "crm-agent", issuer: "urn:mine", groups: ["sre", "dba"], roles: ["requester"] },
        time: timestampFromDate(new Date("2026-01-31T12:30:05Z")),
      },
      { input, requester: { issuer: "https://idp.example", groups: [], ...BEHIND } },
    ]);
    expect(asked[0]).toHaveProperty("requester.chain", []);
    expect(asked[0]).not.toHaveProperty("requester.owner");
    expect(asked[1]).not.toHaveProperty("time");
  });

  it("P7: wrong usage is 2 and asks nobody; a document that does not compile is 1, with its lines", async () => {
    expect(await test(file, "db.export", "--resource", "database:crm")).toMatchObject({ code: 2 });
    for (const who of ["crm-agent", "robot:x", "agent:"])
      expect(await test(file, "db.export", "--resource", "database:crm", "--requester", who)).toMatchObject({
        code: 2,
        err: expect.stringContaining("must be agent:ID, service:ID or human:ID") as string,
      });
    for (const behind of [
      ["--owner", ""],
      ["--owner", "#ann"],
      ["--chain", "https://idp.example#"],
    ])
      expect(await test(...EXPORT, ...behind)).toMatchObject({ code: 2, err: expect.stringContaining("ISSUER#ID") as string });
    expect(await test(join(folder, "missing"), ...EXPORT.slice(1))).toMatchObject({ code: 2 });
    expect(await test(...EXPORT, "--at", "noon")).toMatchObject({ code: 2 });
    expect(asked).toEqual([]);
    const violations = [{ field: "rules[0].outcome", description: "line 7: must be allow, deny or review" }];
    refused = new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "the policy document has 1 problem", { violations });
    const { code, out, err } = await test(...EXPORT);
    expect([code, out, err]).toEqual([1, "", expect.stringContaining("rules[0].outcome: line 7: must be allow, deny or review")]);
  });
});
