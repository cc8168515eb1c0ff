import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { approvedBy, refusal, shownTo } from "@countersign/client/testing";
import { fromJsonString } from "@bufbuild/protobuf";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import { ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { GetCheckpointResponseSchema, GetReportResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandOn, countersign } from "./command-line.ts";
import { eventually } from "./program.ts";
import { EXPORT, TAG_CHANGE } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

let stack: Stack;
let actionId: string;
const folder = mkdtempSync(join(tmpdir(), "countersign-proof-"));

beforeAll(async () => {
  stack = await startStack();
  const agent = await stack.as("crm-agent");
  const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
  actionId = action.id;
  await agent.actions.redeemGrant({ grantToken, digest: action.digest, idempotencyKey: "r" });
  const report = { actionId, outcome: ExecutionOutcome.SUCCEEDED, outputDigest: new Uint8Array(32).fill(1) };
  await agent.actions.reportExecution(report);
  const other = { ...report, outputDigest: new Uint8Array(32).fill(2) };
  expect(await refusal(agent.actions.reportExecution(other))).toBe("FAILED_PRECONDITION REPORT_CONFLICT");
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

const as = (name: DevelopmentName, ...args: readonly string[]) => commandOn(stack, name, ...args);

/** The first verifier key of the log. */
async function vkey(): Promise<string> {
  const { out } = await as("auditor", "checkpoint", "--json");
  return fromJsonString(GetCheckpointResponseSchema, out).verifierKeys[0] ?? "";
}

describe("P6: what proves the log, on the command line", () => {
  it("checkpoint: signed text for people, ProtoJSON for programs, and the keys", async () => {
    await eventually("there is a checkpoint", async () => (await as("auditor", "checkpoint")).code === 0);
    const { out } = await as("auditor", "checkpoint");
    expect(out).toMatch(/^countersign\.localhost\/development\/1\n\d+\n\S{44}\n\n— countersign/);
    expect(out).toMatch(/^signed 20\d\d-.*; keys:$/m);
    expect(out).toContain(await vkey());
    expect((await as("auditor", "checkpoint", "--witnessed")).code).toBe(1);
  });

  it("proof: of an action's version, of a position, of an event; it verifies offline and not for another entry", async () => {
    const file = join(folder, "one.tlog-proof");
    await eventually("it is sealed", async () => (await as("crm-agent", "proof", actionId, "--out", file)).code === 0);
    expect((await as("crm-agent", "proof", actionId, "--out", file)).out).toMatch(/^position \d+: proof in .*one\.tlog-proof, entry in /);
    const key = await vkey();
    const good = await countersign(["verify-proof", file, "--key", key]);
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toMatch(/^entry \d+ is in countersign\.localhost\/development\/1, which had \d+ entries$/m);
    const second = join(folder, "two.tlog-proof");
    expect((await as("crm-agent", "proof", actionId, "--version", "2", "--out", second)).code).toBe(0);
    expect((await countersign(["verify-proof", file, "--key", key, "--entry", `${second}.entry`])).err).toContain("NOT PROVEN");
    const position = /entry (\d+) is in/.exec(good.out)?.[1] ?? "";
    expect((await as("auditor", "proof", "--position", position)).out).toContain("c2sp.org/tlog-proof@v1");
  });

  it("proof: names one event, and none of another tenant", async () => {
    expect((await as("auditor", "proof")).code).toBe(2);
    expect((await as("auditor", "proof", actionId, "--position", "1")).code).toBe(2);
    expect((await as("auditor", "proof", "--position", "999999")).err).toMatch(/^NOT_FOUND/);
  });

  it("P7: ledger new-epoch: only with --yes, only operators, and not while the log continues what was signed", async () => {
    expect((await as("operator", "ledger", "new-epoch")).code).toBe(2);
    expect((await as("auditor", "ledger", "new-epoch", "--yes")).err).toContain("PERMISSION_DENIED");
    const refused = await as("operator", "ledger", "new-epoch", "--yes");
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("FAILED_PRECONDITION");
  });

  it("witness: keeps its key, serves until it is stopped, and needs to know whose logs", async () => {
    const dir = join(folder, "witness");
    const base = ["witness", "--dir", dir, "--name", "witness.example/one", "--listen", "127.0.0.1:0"];
    expect((await countersign(base)).code).toBe(2);
    const served = async (): Promise<string> => {
      const stop = new AbortController();
      const args = [...base, "--log", await vkey()];
      const onOut = (all: string) => all.includes("listens at http://127.0.0.1:") && stop.abort();
      const { code, out } = await countersign(args, { signal: stop.signal, onOut });
      expect(code).toBe(130);
      return out.split("\n")[0] ?? "";
    };
    const key = await served();
    expect(key).toMatch(/^witness\.example\/one\+[0-9a-f]{8}\+/);
    expect(await served()).toBe(key);
  });
});

describe("what auditors are told of a period", () => {
  it("compliance: for people, as messages, as a table, as a page; and for nobody else", async () => {
    const [agent, owner] = [await stack.as("crm-agent"), await stack.as("data-owner")];
    const { action } = await agent.requestAction(EXPORT);
    const shown = await shownTo(owner, action.id);
    const vote = { ...shown, decision: { case: "approve", value: {} } } as const;
    const stranger = await stack.as({ ...DEVELOPMENT_PRINCIPALS["data-owner"], id: "zed", groups: [] });
    expect(await refusal(stranger.reviews.submitVote(vote))).toMatch(/NOT_ELIGIBLE/);
    await approvedBy(agent, [owner], EXPORT);

    const { code, out, err } = await as("auditor", "compliance");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^1 approvals by people: half within/m);
    expect(out).toMatch(/^1 .*\(at \d+\)$/m);
    expect(out).toMatch(/^zed +NOT_ELIGIBLE db\.export +1 +\d+$/m);
    expect(out).toMatch(/^NIST 800-53 AC-5 +separation of duties +\d+ /m);
    const messages = (await as("auditor", "compliance", "--json")).out.trimEnd().split("\n");
    const parsed = messages.map((line) => fromJsonString(GetReportResponseSchema, line).message);
    expect(parsed.at(-1)?.case).toBe("result");
    const csv = (await as("auditor", "compliance", "--csv")).out;
    expect(csv).toMatch(/^people,vote_approved,[^,]+,db\.export,1,\d+\r$/m);
    const page = join(folder, "report.html");
    expect((await as("auditor", "compliance", "--html", page)).code).toBe(0);
    expect(readFileSync(page, "utf8")).toContain("<h2>Controls</h2>");

    expect((await as("crm-agent", "compliance")).err).toContain("PERMISSION_DENIED");
    const early = await as("auditor", "compliance", "--to", "2020-01-01T00:00:00Z");
    expect(early.out).toMatch(/^0 events/);
    expect((await as("auditor", "compliance", "--from", "2026-01-01T00:00:00Z", "--to", "2020-01-01T00:00:00Z")).err).toContain("to");
  });

  it("alarms: a second report named another output; a script sees it", async () => {
    const { code, out } = await as("auditor", "alarms");
    expect(out).toContain("a second report names another output than the first");
    expect(out).toContain(actionId);
    expect(code).toBe(1);
    expect(await as("auditor", "alarms", "--to", "2020-01-01T00:00:00Z")).toMatchObject({ code: 0, out: "none\n" });
  });
});
