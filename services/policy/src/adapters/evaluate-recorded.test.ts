import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CommandSchema,
  EvaluateRecordedRequestSchema,
  EvaluateRecordedResponseSchema,
  type RecordedQuestionSchema,
} from "@countersign/proto/internal/v1/command_pb";
import { VerdictOutcome, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { admin, agent, documentOf, exportAction } from "../testing/instance.ts";
import { compileText } from "./compile-text.ts";
import { evaluateRecordedHandler } from "./evaluate-recorded.ts";

type Question = MessageInitShape<typeof RecordedQuestionSchema>;

const DOCUMENT = `apiVersion: countersign.dev/v1
kind: Policy
metadata: { name: tried }
rules:
  - { name: few, when: action.properties.rows < 100.0, outcome: allow }
  - { name: at night, when: now.getHours() < 6, outcome: deny }
`;

/** As the log has it: canonical JSON. */
const asked = (rows: number, hour = 10, requester: Question["requester"] = agent): Question => ({
  requester,
  input: Buffer.from(
    JSON.stringify({ ...exportAction, action: { name: "db.export", properties: { rows } }, subject: { type: "agent", id: "x" } }),
  ),
  time: timestampFromDate(new Date(Date.UTC(2026, 10, 23, hour))),
});

/** The clock goes on by `stepMs` whenever somebody looks. */
async function evaluated(questions: readonly Question[], { document = DOCUMENT, stepMs = 0, who = admin } = {}) {
  let ms = 0;
  const handler = evaluateRecordedHandler({ monotonicMs: () => (ms += stepMs) });
  const request = toBinary(EvaluateRecordedRequestSchema, create(EvaluateRecordedRequestSchema, { document, questions: [...questions] }));
  return fromBinary(EvaluateRecordedResponseSchema, await handler(create(CommandSchema, { caller: who, request })));
}

describe("EvaluateRecorded", () => {
  it("says what the document says to what was asked, at the time at which it was asked", async () => {
    const { verdicts, rules } = await evaluated([asked(5), asked(500), asked(5, 3)]);
    expect(verdicts).toMatchObject([
      { outcome: VerdictOutcome.ALLOW, rule: "few", revision: 0n },
      { outcome: VerdictOutcome.DENY, rule: "" },
      { outcome: VerdictOutcome.DENY, rule: "at night" },
    ]);
    expect(rules).toEqual(["few", "at night"]);
    expect(await evaluated([])).toMatchObject({ verdicts: [], rules: ["few", "at night"] });
  });

  it("answers the first ones, one at least, when they take long: others are to be heard", async () => {
    const questions = Array.from({ length: 20 }, () => asked(5));
    expect((await evaluated(questions, { stepMs: 6 })).verdicts).toHaveLength(1);
    expect((await evaluated(questions, { stepMs: 2 })).verdicts).toHaveLength(3);
    expect((await evaluated(questions)).verdicts).toHaveLength(20);
  });

  it("answers as many as a message carries: of a document that says much, the first ones", async () => {
    const rules = Array.from(
      { length: 400 },
      (_, index) => `  - { name: r${index}, outcome: deny, reason: ${`because-${index}`.padEnd(500, "e")} }`,
    );
    const document = DOCUMENT.replace(/rules:[^]*/, () => `rules:\n${rules.join("\n")}\n`);
    const questions = Array.from({ length: 64 }, () => asked(5));
    const { verdicts } = await evaluated(questions, { document });
    expect(verdicts.map((verdict) => toBinary(VerdictSchema, verdict).length > 200_000)).toEqual([true, true]);
  });

  it("compiles a document once, however many are backtested side by side", async () => {
    const compiled: string[] = [];
    const compile = (text: string) => (compiled.push(text), compileText(text));
    const handler = evaluateRecordedHandler({ monotonicMs: () => 0, compile });
    const documents = Array.from({ length: 20 }, (_, index) => documentOf(`d${index}`));
    for (const document of [...documents, ...documents]) {
      const request = toBinary(EvaluateRecordedRequestSchema, create(EvaluateRecordedRequestSchema, { document, questions: [asked(5)] }));
      await handler(create(CommandSchema, { caller: admin, request }));
    }
    expect(compiled).toEqual(documents);
  });

  it("P8: sees every requester in the caller's tenant", async () => {
    const document = documentOf("tenants").replace("outcome:", () => `when: 'principal.tenant == "acme"', outcome:`);
    const { verdicts } = await evaluated([asked(5, 10, { ...agent, tenant: "globex" })], { document });
    expect(verdicts).toMatchObject([{ outcome: VerdictOutcome.ALLOW }]);
  });

  it("P7: refuses who may not change the rules, a document that is none, and what it cannot judge", async () => {
    await expect(evaluated([], { who: agent })).rejects.toMatchObject({ code: "PERMISSION_DENIED", reason: "ROLE_MISSING" });
    const bad = { code: "INVALID_ARGUMENT", reason: "FIELD_VIOLATION" };
    await expect(evaluated([], { document: "rules: 5" })).rejects.toMatchObject(bad);
    const { time: _, ...timeless } = asked(5);
    await expect(evaluated([timeless])).rejects.toMatchObject(bad);
    const { requester: __, ...nobody } = asked(5);
    await expect(evaluated([nobody])).rejects.toMatchObject(bad);
  });
});
