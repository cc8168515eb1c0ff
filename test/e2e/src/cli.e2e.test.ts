import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fromJsonString, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { ActionSchema, ActionStateSchema, ActionStatus, VerdictOutcome } from "@countersign/proto/v1/action_pb";
import {
  EvaluateActionResponseSchema,
  ListActionsResponseSchema,
  RequestActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { GetPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import { GetReviewResponseSchema, ListReviewsResponseSchema } from "@countersign/proto/v1/review_service_pb";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import { openDatabase } from "@countersign/database";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countersign, type CommandResult } from "./command-line.ts";
import { eventually } from "./program.ts";
import { startStack, type Stack } from "./stack.ts";

/** Clears the screen, turns the writing direction, and pretends to be another line. */
const HOSTILE = "\u001b[2J\u202eevil\u0007\nstatus APPROVED";
/** What a terminal would obey, but for the end of a line. */
const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

const STARTER_CASES = fileURLToPath(new URL("../../../services/policy/testdata/starter-policy.yaml", import.meta.url));
const STARTER_POLICY = readFileSync(new URL("../../../services/policy/starter-policy.yaml", import.meta.url), "utf8");

let stack: Stack;
const tokens = new Map<DevelopmentName, string>();
const folder = mkdtempSync(join(tmpdir(), "countersign-cli-"));

beforeAll(async () => {
  stack = await startStack();
  for (const [name, principal] of Object.entries(DEVELOPMENT_PRINCIPALS)) {
    tokens.set(name as DevelopmentName, await stack.issuer.mint(principal));
  }
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command; whatever it prints is harmless. */
async function as(name: DevelopmentName, ...args: readonly string[]): Promise<CommandResult> {
  const result = await countersign(args, { env: { COUNTERSIGN_ADDRESS: stack.address, COUNTERSIGN_TOKEN: tokens.get(name) } });
  expect(result.out + result.err).not.toMatch(OBEYED);
  return result;
}

/** The same for a command that must succeed and print one message as ProtoJSON. */
async function json<Schema extends DescMessage>(
  schema: Schema,
  name: DevelopmentName,
  ...args: readonly string[]
): Promise<MessageShape<Schema>> {
  const { code, out, err } = await as(name, ...args, "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return fromJsonString(schema, out);
}

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const EXPORT = ["db.export", "--resource", "database:crm", "--param", "table=customers", "--context", "environment=production"];
const TAG = ["db.tag.update", "--resource", "database:crm", "--param", "rows=1"];

/** Id of the action that crm-agent's `request` makes, or made before with the same key. */
async function requested(...input: readonly string[]): Promise<string> {
  return (await json(RequestActionResponseSchema, "crm-agent", "request", ...input)).action?.id ?? "";
}

describe("requester's commands", () => {
  it("request, get, list, redeem, report: an allowed action from end to end", async () => {
    const asked = await as("crm-agent", "request", ...TAG, "--key", "once", "--durability", "sealed");
    expect(asked).toMatchObject({ code: 0, err: "" });
    expect(asked.out).toMatch(/^status +APPROVED$/m);
    expect(asked.out).toMatch(/^verdict +allow by rule "tag changes are harmless" of revision 1: Tags can be/m);
    expect(asked.out).toMatch(/^ +parameters.rows = 1$/m);
    const id = await requested(...TAG, "--key", "once");
    expect(asked.out).toContain(id);
    // What was answered as sealed has its proof at once.
    expect((await as("crm-agent", "proof", id)).code).toBe(0);
    expect((await json(ActionSchema, "crm-agent", "get", id)).id).toBe(id);
    expect((await as("crm-agent", "get", id)).out).toMatch(/^grant token +\S+\.\S+\.\S+$/m);
    expect((await as("crm-agent", "redeem", id)).out).toMatch(/^redeemed at position \d+: run it now, then countersign report /);
    const twice = await as("crm-agent", "redeem", id);
    expect(twice).toMatchObject({ code: 1, out: "" });
    const output = join(folder, "output");
    writeFileSync(output, "7 rows");
    expect((await as("crm-agent", "report", id)).code).toBe(2);
    expect((await as("crm-agent", "report", id, "--succeeded", "--output", join(folder, "missing"))).code).toBe(2);
    const reported = await as("crm-agent", "report", id, "--succeeded", "--message", HOSTILE, "--output", output);
    expect(reported.out).toMatch(/^status +SUCCEEDED$/m);
    await eventually("the list has it", async () => (await as("crm-agent", "list", "--status", "succeeded")).out.includes(id));
    expect((await json(ListActionsResponseSchema, "crm-agent", "list", "--name", "db.tag.update", "--limit", "1")).actions).toHaveLength(1);
    expect((await as("crm-agent", "list", "--status", "nonsense")).code).toBe(2);
  });

  it("exits with 1 when the answer is no, and says why", async () => {
    const drop = ["db.drop", "--resource", "database:crm", "--context", "environment=production"];
    const denied = await as("crm-agent", "request", ...drop);
    expect(denied).toMatchObject({ code: 1, err: "not approved: DENIED\n" });
    expect(denied.out).toContain("cannot be undone");
    const evaluated = await as("crm-agent", "evaluate", ...drop);
    expect(evaluated.code).toBe(0);
    expect(evaluated.out).toMatch(/^deny by rule "no drops in production" of revision 1/);
    expect(evaluated.out).toMatch(/^no drops in production +deny +matched$/m);
    expect((await json(EvaluateActionResponseSchema, "crm-agent", "evaluate", ...drop)).verdict?.outcome).toBe(VerdictOutcome.DENY);
  });

  it("prints reason and violations of an error", async () => {
    const broken = await as("crm-agent", "request", "Not A Name", "--resource", `database:${HOSTILE.repeat(20)}`);
    expect(broken).toMatchObject({ code: 1, out: "" });
    expect(broken.err).toMatch(/^INVALID_ARGUMENT FIELD_VIOLATION: /);
    expect(broken.err).toMatch(/^ {2}input\.action\.name: /m);
    const missing = await as("crm-agent", "get", "00000000-0000-7000-8000-000000000000");
    expect(missing.err).toMatch(/^NOT_FOUND: /);
    expect((await as("crm-agent", "get", HOSTILE)).code).toBe(1);
    expect((await as("crm-agent", "fsck")).err).toMatch(/^PERMISSION_DENIED /);
  });

  it("watch prints every change and ends with the action; request --wait waits for people", async () => {
    const id = await requested(...EXPORT);
    const watched = as("crm-agent", "watch", id);
    const another = [...EXPORT, "--context", "run_id=another", "--key", "waiting"];
    const waited = json(RequestActionResponseSchema, "crm-agent", "request", ...another, "--wait", "20s");
    await eventually("both wait", async () => (await json(ListReviewsResponseSchema, "data-owner", "review", "list")).reviews.length === 2);
    expect((await as("crm-agent", "cancel", id, "--reason", HOSTILE)).out).toMatch(/^status +CANCELLED$/m);
    expect((await watched).out.match(/^status .*$/gm)).toEqual(["status      IN_REVIEW", "status      CANCELLED"]);
    const other = await requested(...another);
    expect((await as("data-owner", "approve", other)).code).toBe(0);
    expect((await waited).action?.status).toBe(ActionStatus.APPROVED);
  });

  it("usage errors exit with 2", async () => {
    for (const args of [
      [],
      ["nonsense"],
      ["request"],
      ["request", "x", "--resource", "crm"],
      ["request", ...TAG, "--wait", "1h"],
      ["request", ...TAG, "--durability", "firm"],
    ]) {
      expect((await as("crm-agent", ...args)).code).toBe(2);
    }
    expect(await as("crm-agent", "--help")).toMatchObject({ code: 0, err: "" });
    const nobody = await countersign(["list"], { env: { COUNTERSIGN_ADDRESS: stack.address } });
    expect(nobody).toMatchObject({ code: 2, err: matching(/^who calls\?/) });
    const nowhere = await countersign(["list", "--as", "auditor", "--data-dir", folder]);
    expect(nowhere).toMatchObject({ code: 2, err: matching(/npm start/) });
    const refused = await countersign(["list"], { env: { COUNTERSIGN_ADDRESS: "127.0.0.1:1", COUNTERSIGN_TOKEN: "x" } });
    expect(refused).toMatchObject({ code: 1, err: matching(/^UNAVAILABLE: .*\nIs Countersign running there\?/) });
    expect(await countersign(["token", "nobody", "--data-dir", folder])).toMatchObject({ code: 2 });
  });
});

describe("a token in a file", () => {
  it("is read before every call: what follows for long does not end with it", async () => {
    const file = join(folder, "token");
    const env = { COUNTERSIGN_ADDRESS: stack.address };
    writeFileSync(file, "not a token");
    expect(await countersign(["request", ...TAG, "--token-file", file], { env })).toMatchObject({
      code: 1,
      err: matching(/^UNAUTHENTICATED/),
    });
    writeFileSync(file, `${tokens.get("crm-agent")}\n`);
    const inEnv = { ...env, COUNTERSIGN_TOKEN_FILE: file };
    expect(await countersign(["request", ...TAG], { env: inEnv })).toMatchObject({ code: 0, err: "" });
    const both = { ...inEnv, COUNTERSIGN_TOKEN: "not a token" };
    expect(await countersign(["request", ...TAG, "--token-file", file], { env: both })).toMatchObject({ code: 0 });
    const gone = await countersign(["request", ...TAG, "--token-file", join(folder, "gone")], { env });
    expect(gone).toMatchObject({ code: 2, err: matching(/^cannot read .*gone: ENOENT/) });
  });
});

describe("reviewer's commands", () => {
  it("review show leads to a vote on exactly what it showed", async () => {
    const id = await requested(...EXPORT, "--param", `note=${HOSTILE}`, "--context", `justification=${HOSTILE}`);
    await eventually("it is listed", async () => (await as("data-owner", "review", "list")).out.includes(id));
    const shown = await as("data-owner", "review", "show", id);
    expect(shown.out).toContain(String.raw`parameters.note = "\u{1b}[2J\u{202e}evil\u{7}\nstatus APPROVED"`);
    const [, digest] = /countersign approve \S+ --digest ([0-9a-f]{64})$/m.exec(shown.out) ?? [];
    expect((await json(GetReviewResponseSchema, "data-owner", "review", "show", id)).eligible).toBe(true);
    expect((await as("agent-owner", "review", "show", id)).out).toContain("You may not decide this: you had a part in this request");
    expect((await as("agent-owner", "approve", id)).err).toMatch(/^PERMISSION_DENIED SELF_APPROVAL: /);
    expect((await as("data-owner", "approve", id, "--digest", "00")).code).toBe(2);
    expect((await as("data-owner", "approve", id, "--digest", "0".repeat(64))).err).toMatch(/^FAILED_PRECONDITION STALE_DIGEST: /);
    const approved = await as("data-owner", "approve", id, "--digest", digest ?? "", "--reason", HOSTILE);
    expect(approved.out).toMatch(new RegExp(`^approve of digest ${digest}$`, "m"));
    expect(approved.out).toMatch(/^status +APPROVED$/m);
    expect((await as("auditor", "get", id)).out).toMatch(/^vote +approve by data-owner: /m);
    expect((await as("crm-agent", "redeem", id)).code).toBe(0);
    expect((await as("auditor", "timeline", id)).out).toContain("grant redeemed by crm-agent");
  });

  it("edit changes what it names and keeps the rest; approve says which digest it approved", async () => {
    const id = await requested(...EXPORT, "--param", "limit=100");
    expect((await as("data-owner", "edit", id, "--reason", "nothing to change")).code).toBe(2);
    const edited = await json(ActionStateSchema, "data-owner", "edit", id, "--param", "limit=5", "--reason", HOSTILE);
    expect(edited.editedProperties).toEqual({ table: "customers", limit: 5 });
    const digest = Buffer.from(edited.digest).toString("hex");
    expect((await as("second-data-owner", "approve", id)).err).toMatch(
      /WRONG_STATE: The action is EDITED; this needs IN_REVIEW\.\n  status: EDITED\n  version: \d+$/m,
    );
    expect((await as("crm-agent", "accept", id, "--digest", "00".repeat(32))).err).toMatch(/STALE_DIGEST/);
    expect((await as("crm-agent", "accept", id, "--digest", digest)).out).toMatch(/^status +IN_REVIEW$/m);
    expect((await as("data-owner", "approve", id)).err).toMatch(/SELF_APPROVAL/);
    const approved = await as("second-data-owner", "approve", id);
    expect(approved.out).toContain(`approve of digest ${digest}`);
    const whole = await requested(...EXPORT, "--param", "limit=100");
    const other = await as("data-owner", "edit", whole, "--params", '{"table":"orders","limit":100}', "--reason", "other table");
    expect(other.err).toMatch(/EDIT_NOT_ALLOWED/);
    const rejected = await as("second-data-owner", "reject", whole, "--reason", HOSTILE);
    expect(rejected.out).toMatch(/^status +REJECTED$/m);
    expect((await as("second-data-owner", "reject", whole)).code).toBe(2);
  });
});

describe("what is printed to be copied", () => {
  it("says as whom, if that was said, and works", async () => {
    const id = await requested(...EXPORT);
    const env = { COUNTERSIGN_ADDRESS: stack.address, COUNTERSIGN_DATA_DIR: stack.dataDir };
    const shown = await countersign(["review", "show", id, "--as", "data-owner"], { env });
    const [, copied = ""] = /countersign (--as data-owner approve \S+ --digest [0-9a-f]{64})$/m.exec(shown.out) ?? [];
    expect((await countersign(copied.split(" "), { env })).out).toMatch(/^status +APPROVED$/m);
  });
});

describe("administrator's commands", () => {
  it("policy publish, activate, list, show", async () => {
    const file = join(folder, "policy.yaml");
    const document = `${STARTER_POLICY}# the next one\n`;
    writeFileSync(file, STARTER_POLICY);
    expect((await as("policy-admin", "policy", "check", file)).out).toMatch(/^compiles, SHA-256 [0-9a-f]{64}$/m);
    expect((await as("policy-admin", "policy", "publish", file)).out).toMatch(
      /^revision 1, in force, SHA-256 [0-9a-f]{64}\n\nNothing new: this very document is in force already.\n$/,
    );
    writeFileSync(file, document);
    const tried = await as("policy-admin", "policy", "test", file, ...TAG, "--requester", "agent:crm-agent");
    expect(tried).toMatchObject({ code: 0, out: matching(/^allow by rule "tag changes are harmless" of policy.yaml: /) });
    const cases = await as("policy-admin", "policy", "cases", STARTER_CASES);
    expect(cases).toMatchObject({ code: 0, out: matching(/^(\d+) of \1 cases are answered as expected\n$/) });
    const same = await as("policy-admin", "policy", "backtest", file);
    expect(same).toMatchObject({ code: 0, out: matching(/^[1-9]\d* requests and edits were judged, none would be answered otherwise$/m) });
    const denying = join(folder, "denying.yaml");
    writeFileSync(
      denying,
      "apiVersion: countersign.dev/v1\nkind: Policy\nmetadata: { name: no }\nrules: [{ name: none, outcome: deny }]\n",
    );
    const other = await as("policy-admin", "policy", "backtest", denying, "--from", "1h");
    expect(other.out).toMatch(/^\d+ +allow by "tag changes are harmless" +deny by "none" +outcome +db.tag.update on database crm, /m);
    expect((await as("policy-admin", "policy", "backtest", denying, "--to", "1h")).out).toMatch(/^0 requests and edits were judged/);
    const lines = (await as("policy-admin", "policy", "backtest", denying, "--json")).out.trimEnd().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toMatchObject({ result: { different: String(lines.length - 1), rules: [{ rule: "none" }] } });
    expect(await as("crm-agent", "policy", "backtest", denying)).toMatchObject({ code: 1, err: matching(/ROLE_MISSING/) });
    const published = await as("policy-admin", "policy", "publish", file);
    expect(published.out).toContain("not in force yet: countersign policy activate 2");
    expect((await as("policy-admin", "policy", "activate", "2")).out).toMatch(
      /^revision 2, in force, SHA-256 [0-9a-f]{64}\nin force until now: revision 1\n$/,
    );
    const list = await as("policy-admin", "policy", "list");
    expect(list.out).toMatch(/^2 +in force /m);
    expect(list.out).toMatch(/^1 {2,}\d{4}-/m);
    expect((await as("policy-admin", "policy", "show")).out).toBe(document);
    expect((await json(GetPolicyResponseSchema, "policy-admin", "policy", "show", "1")).revision?.document).toBe(STARTER_POLICY);
    writeFileSync(file, `rules: [${HOSTILE}]`);
    const refused = await as("policy-admin", "policy", "publish", file);
    expect(refused).toMatchObject({ code: 1, err: matching(/^INVALID_ARGUMENT /) });
    expect(await as("policy-admin", "policy", "check", file)).toEqual(refused);
    expect((await as("policy-admin", "policy", "publish", join(folder, "missing"))).code).toBe(2);
    expect((await as("policy-admin", "policy", "activate", "99")).code).toBe(1);
  });

  it("policy diff says what a document changes, and whether", async () => {
    const file = join(folder, "changed.yaml");
    const rule = JSON.stringify(`drops ${HOSTILE}`);
    const changed = STARTER_POLICY.replace("rows < 1000", "rows < 100").replace(
      "rules:\n",
      `rules:\n  - { name: ${rule}, outcome: deny }\n`,
    );
    writeFileSync(file, changed);
    const { code, out, err } = await as("auditor", "policy", "diff", "1", file);
    expect({ code, err }).toEqual({ code: 1, err: `${file} differs from revision 1\n` });
    expect(out.split("\n").slice(0, 5)).toEqual([
      `from revision 1 to ${file}:`,
      matching(/^rule "drops .*status APPROVED" is new$/),
      '  outcome: "deny"',
      'rule "tag changes are harmless" changes',
      matching(/^ {2}when: "has.*rows < 1000" -> "has.*rows < 100"$/),
    ]);
    const { changes } = JSON.parse((await as("auditor", "policy", "diff", "1", file, "--json")).out) as { changes: object[] };
    expect(changes).toMatchObject([
      { kind: "added" },
      { rule: "tag changes are harmless", kind: "changed", members: [{ member: "when" }] },
    ]);
    writeFileSync(file, `# says the same\n${STARTER_POLICY}`);
    expect(await as("auditor", "policy", "diff", "1", file)).toMatchObject({
      code: 0,
      out: `from revision 1 to ${file}: nothing changes\n`,
    });
    expect((await as("auditor", "policy", "diff")).out).toMatch(/^from revision \d+ to revision \d+:/);
    expect((await as("auditor", "policy", "diff", file)).out).toMatch(/^from revision \d+ to .*changed\.yaml:/);
    writeFileSync(file, "rules: [");
    expect(await as("auditor", "policy", "diff", file)).toMatchObject({ code: 2, err: matching(/changed\.yaml: /) });
    expect(await as("auditor", "policy", "diff", "99")).toMatchObject({ code: 1, err: matching(/^NOT_FOUND/) });
  });

  it("events follows until it is interrupted", async () => {
    const all = await as("auditor", "events", "replay");
    const positions = all.out
      .trimEnd()
      .split("\n")
      .map((line) => Number(line.split(" ")[0]));
    expect(positions).toEqual(positions.toSorted((one, other) => one - other));
    expect(
      (await as("auditor", "events", "replay", "--limit", "2", "--type", "ActionRequested")).out.match(/ActionRequested/g),
    ).toHaveLength(2);
    const interrupt = new AbortController();
    let seen = "";
    const following = countersign(["events", "tail", "--json", "--from-position", String((positions.at(-1) ?? 0) + 1)], {
      env: { COUNTERSIGN_ADDRESS: stack.address, COUNTERSIGN_TOKEN: tokens.get("auditor") },
      signal: interrupt.signal,
      onOut: (out) => (seen = out),
    });
    const id = await requested(...TAG);
    await eventually("it is followed", () => seen.includes("GrantIssued"));
    interrupt.abort();
    expect(await following).toMatchObject({ code: 130, err: "" });
    for (const line of seen.trimEnd().split("\n")) expect(JSON.parse(line)).toMatchObject({ tenant: "acme", stream_id: id });
  });

  it("events tail begins with what happens from now on", async () => {
    const before = await requested(...TAG, "--durability", "sealed");
    const interrupt = new AbortController();
    let seen = "";
    const following = countersign(["events", "tail"], {
      env: { COUNTERSIGN_ADDRESS: stack.address, COUNTERSIGN_TOKEN: tokens.get("auditor") },
      signal: interrupt.signal,
      onOut: (out) => (seen = out),
    });
    await eventually("something later is seen", async () => (await requested(...TAG)) !== "" && seen.includes("ActionRequested"));
    interrupt.abort();
    expect((await following).code).toBe(130);
    expect(seen).not.toContain(before);
  });

  it("rebuild, dead-letters, and fsck: a flaw is an exit code", async () => {
    expect((await as("operator", "rebuild")).out).toMatch(/^audit\.actions .* identical$/m);
    expect((await as("operator", "rebuild", "nonsense")).code).toBe(1);
    expect((await as("operator", "dead-letters", "list")).out).toBe("none\n");
    expect((await as("operator", "dead-letters", "replay", "audit.actions")).out).toBe(
      "0 handed out again: nothing was waiting under that name\n",
    );
    const slip = await as("operator", "dead-letters", "replay", "audit.action");
    expect([slip.code, slip.err]).toEqual([1, matching(/must be one of .*audit\.actions/)]);
    expect(await as("operator", "fsck")).toMatchObject({
      code: 0,
      out: matching(/^\d+ events, root [0-9a-f]{64}\nno flaws\n$/m),
    });
    const database = openDatabase({ url: stack.databaseUrl, role: null, maxConnections: 1 });
    await database.pool.query("alter table event_log.event disable trigger all");
    await database.pool.query("update event_log.event set leaf_hash = sha256('x') where position = 3");
    await database.close();
    const flawed = await as("operator", "fsck");
    expect(flawed).toMatchObject({ code: 1, err: "what is kept is not as it was written\n" });
    expect(flawed.out).toMatch(/^FLAW at 3: /m);
  });
});
