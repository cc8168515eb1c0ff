import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandError } from "@countersign/bus";
import { createRpcServer, type RunningRpcServer, type UnaryHandler } from "@countersign/grpc-kit";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import {
  PolicyService,
  type TestPolicyRequest,
  TestPolicyRequestSchema,
  TestPolicyResponseSchema,
} from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../program.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-policy-cases-"));
writeFileSync(join(folder, "next.yaml"), "rules: []\n");
let server: RunningRpcServer;
let asked: TestPolicyRequest[] = [];
let answer: (action: string) => Uint8Array;

const RULES = ["drops", "never"].map((rule) => ({ rule }));
const DENIED = { verdict: { outcome: VerdictOutcome.DENY, rule: "drops", reasons: ["No drops."] }, rules: RULES };
const stage = { name: "owners", quorumText: "2 of owners", seconds: 5400 };
const REVIEWED = {
  verdict: { outcome: VerdictOutcome.REVIEW, stages: [stage], grantSeconds: 60, risk: [{ points: 40 }, { points: 2 }] },
  rules: RULES,
};

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
      const request = fromBinary(TestPolicyRequestSchema, Uint8Array.from(bytes));
      asked.push(request);
      return answer(request.input?.action?.name ?? "");
    },
  });
  server = await rpc.listen("127.0.0.1", 0);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  asked = [];
  answer = (action) => toBinary(TestPolicyResponseSchema, create(TestPolicyResponseSchema, action === "db.drop" ? DENIED : REVIEWED));
});

async function cases(text: string, ...args: readonly string[]) {
  const file = join(folder, "cases.yaml");
  writeFileSync(file, text);
  let [out, err] = ["", ""];
  const env = { COUNTERSIGN_ADDRESS: `127.0.0.1:${server.port}`, COUNTERSIGN_TOKEN: "t" };
  const io = { out: { write: (more: string) => (out += more) }, env, signal: new AbortController().signal };
  const code = await run(["policy", "cases", file, "--issuer", "urn:mine", ...args], io, { write: (more: string) => (err += more) });
  expect(out + err).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  return { code, out, err };
}

const HEAD = `
policy: next.yaml
defaults: { resource: { type: database, id: crm }, principal: { type: agent, id: bot } }
cases:
`;
const DROP = "- { name: no drops, input: { action: db.drop }, expect: { outcome: deny, rule: drops } }\n";
const REVIEW =
  "- { name: two look, input: { action: db.export }, expect: { outcome: review, rule: '', quorum: 2 of owners, stages: [owners], review_seconds: 5400, grant_seconds: 60, risk: 42 } }\n";
const WRONG = '- { name: "any\\u001b[2Jbody", input: { action: db.export }, expect: { outcome: allow, rule: drops } }\n';

describe("policy cases", () => {
  it("is 0 when all are answered as expected, and names the rules that no case is about", async () => {
    expect(await cases(HEAD + DROP + REVIEW)).toEqual({
      code: 0,
      out: '2 of 2 cases are answered as expected\n\nRules that decide no case: "never"\n',
      err: "",
    });
  });

  it("is 1 when one is answered otherwise, and shows how", async () => {
    const { code, out, err } = await cases(HEAD + DROP + WRONG + REVIEW);
    expect([code, err]).toEqual([1, "1 of 3 cases are answered otherwise\n"]);
    expect(out).toMatch(
      /^2 of 3 cases are answered as expected\n\nCASE +EXPECTED +ANSWERED\nany.*body +outcome +allow +review\n +rule +drops +""\n/,
    );
    const lines = (await cases(HEAD + DROP + WRONG, "--json")).out.trim().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { name: "no drops", unexpected: [] },
      {
        name: "any\u001b[2Jbody",
        unexpected: [
          { what: "outcome", expected: "allow", answered: "review" },
          { what: "rule", expected: "drops", answered: '""' },
        ],
      },
    ]);
  });

  it("asks as the file says: what, who, when, of the document beside it or in it", async () => {
    const who = "{ type: human, groups: [sre], roles: [r], owner: ann, chain: ['https://other.example#bob'] }";
    const what = "properties: { rows: 1 }, resource: { id: hr, properties: { owner: eve } }, context: { environment: production }";
    const input = `{ action: db.drop, ${what}, principal: ${who}, time: "2026-01-31T12:30:05+01:00" }`;
    await cases(`${HEAD}- { name: a, input: ${input}, expect: { outcome: deny } }`);
    await cases(`${HEAD.replace("next.yaml", "{ rules: [] }")}${DROP}`);
    expect(asked).toMatchObject([
      {
        document: "rules: []\n",
        input: {
          action: { name: "db.drop", properties: { rows: 1 } },
          resource: { type: "database", id: "hr", properties: { owner: "eve" } },
          context: { environment: "production" },
        },
        requester: {
          type: PrincipalType.HUMAN,
          issuer: "urn:mine",
          id: "bot",
          groups: ["sre"],
          roles: ["r"],
          owner: { issuer: "urn:mine", id: "ann" },
          chain: [{ issuer: "https://other.example", id: "bob" }],
        },
        time: timestampFromDate(new Date("2026-01-31T11:30:05Z")),
      },
      { document: '{"rules":[]}', requester: { type: PrincipalType.AGENT, id: "bot" } },
    ]);
    expect(asked[1]).not.toHaveProperty("time");
  });

  it("P7: a case that nobody can ask is none that is answered as expected; a document that does not compile ends it", async () => {
    const refuse = (field: string) => () => {
      throw new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "is wrong", { violations: [{ field, description: "must be mended" }] });
    };
    answer = refuse("input.action.name");
    expect(await cases(HEAD + DROP)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/outcome +deny +refused: input\.action\.name must be/) as string,
    });
    answer = refuse("rules[0].outcome");
    expect(await cases(HEAD + DROP)).toMatchObject({ code: 1, out: "", err: expect.stringContaining("rules[0].outcome") as string });
  });

  it("P7: wrong usage is 2, names what is wrong, and asks nobody", async () => {
    const usage = (text: string) => ({ code: 2, out: "", err: expect.stringContaining(text) as string });
    expect(await cases(`${HEAD}- { name: a, input: { action: b }, expect: { outcome: no } }`)).toMatchObject(
      usage("cases.yaml: cases[0].expect.outcome"),
    );
    expect(await cases(HEAD.replace("next", "missing") + DROP)).toMatchObject(usage("missing.yaml"));
    expect(asked).toEqual([]);
  });
});
