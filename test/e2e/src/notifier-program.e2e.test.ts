import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectNats, natsAccounts } from "@countersign/bus";
import type { CountersignClient } from "@countersign/client";
import { shownTo } from "@countersign/client/testing";
import { startNatsServer, type NatsServer } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXPORT } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

const PROGRAM = new URL("../../../deploy/examples/notifier-python/notifier.py", import.meta.url).pathname;
const CLI = new URL("../../../libs/cli/src/main.ts", import.meta.url).pathname;
const PYTHON = ["python3"].find((name) => spawnSync(name, ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"]).status === 0);
const program = { name: "file-notifier", tenant: "acme", ledger: "main" };

const [STREAM, DURABLE] = ["CS_EVENTS_MAIN", "notifier-file-notifier"];
const folder = mkdtempSync(join(tmpdir(), "countersign-notifier-"));
const out = join(folder, "reviews.jsonl");
let nats: NatsServer;
let stack: Stack;
let agent: CountersignClient;
let token: string;
const children = new Set<ChildProcess>();

async function start(): Promise<void> {
  const password = (name: string): string => `password-of-${name}`;
  const names = ["approval", "audit", "directory", "gateway", "notifier", "policy", "countersign"] as const;
  const passwords = Object.fromEntries(names.map((name) => [name, password(name)])) as Record<(typeof names)[number], string>;
  const configFile = join(folder, "nats.conf");
  const users = natsAccounts({ prefix: "cs", ledgers: ["main"] }, passwords, [{ ...program, password: password("program") }]);
  writeFileSync(configFile, users.replace("users = [", "users = [\n    { user: admin, password: admin }"));
  nats = await startNatsServer({ storeDir: join(folder, "js"), configFile });
  const url = nats.url.replace("nats://", `nats://countersign:${password("countersign")}@`);
  const programs = JSON.stringify([{ name: program.name, tenant: program.tenant, channels: ["file:reviews.jsonl"], ackSeconds: 2 }]);
  stack = await startStack({ COUNTERSIGN_NATS_URL: url, COUNTERSIGN_NATS_PREFIX: "cs", COUNTERSIGN_NOTIFIER_PROGRAMS: programs });
  agent = await stack.as("crm-agent");
  token = await stack.issuer.mint({ tenant: "acme", type: "service", id: "file-notifier", roles: ["operator"] });
}

function launch(): ChildProcess {
  const child = spawn(PYTHON ?? "python3", [PROGRAM], {
    env: {
      PATH: process.env["PATH"],
      NATS_URL: nats.url.replace("nats://", "nats://notifier-file-notifier:password-of-program@"),
      COUNTERSIGN_TOKEN: token,
      COUNTERSIGN_COMMAND: `${process.execPath} ${CLI} --address ${stack.address}`,
      NOTIFIER_OUT: out,
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
  children.add(child);
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

type Line = {
  readonly event: string;
  readonly type: string;
  readonly action: string;
  readonly asks: { readonly action: { readonly name: string } };
};
const lines = (): Line[] => {
  try {
    return readFileSync(out, "utf8")
      .trim()
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  } catch {
    return [];
  }
};
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 50) {
    if (waited > 40_000) throw new Error(`waited in vain: ${JSON.stringify(lines())}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function listed(tenant: string): Promise<readonly object[]> {
  const operator = await stack.as({ tenant, type: "service", id: "ops", roles: ["operator"] });
  return (await operator.notifiers.listNotifiers({})).notifiers;
}

function isIdle(info: object): boolean {
  const { num_pending: waiting, num_ack_pending: underWay } = info as { readonly num_pending?: number; readonly num_ack_pending?: number };
  return waiting === 0 && underWay === 0;
}

const why = PYTHON === undefined ? ", skipped: there is no python3 of 3.9 or newer here" : "";

describe.skipIf(PYTHON === undefined)(`a notifier in Python, by the contract in docs${why}`, () => {
  beforeAll(start);
  afterAll(async () => {
    for (const child of children) await end(child);
    await stack.close();
    await nats.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("P4: shows a review and its end once, through a restart, a crash and redelivery", async () => {
    const { action } = await agent.requestAction(EXPORT);
    const before = launch();
    await until(() => lines().length === 1);
    expect(lines()[0]).toMatchObject({ type: "ReviewOpened", action: action.id, asks: { action: { name: "db.export" } } });
    expect(await listed("acme")).toMatchObject([
      { name: "file-notifier", kind: "program", contract: 1, capabilities: ["show"], problem: "" },
    ]);
    expect(await listed("other")).toEqual([]);
    await end(before);
    const owner = await stack.as("data-owner");
    await owner.reviews.submitVote({ ...(await shownTo(owner, action.id)), decision: { case: "reject", value: { reason: "no" } } });
    const after = launch();
    await until(() => lines().length === 2);
    await end(after);
    // With its consumer made anew, everything comes again: the file knows what it has.
    const { config } = (await api("admin:admin", `$JS.API.CONSUMER.INFO.${STREAM}.${DURABLE}`, "")) as { readonly config: object };
    expect(await api("admin:admin", `$JS.API.CONSUMER.DELETE.${STREAM}.${DURABLE}`, "")).toMatchObject({ success: true });
    await api("admin:admin", `$JS.API.CONSUMER.DURABLE.CREATE.${STREAM}.${DURABLE}`, JSON.stringify({ stream_name: STREAM, config }));
    launch();
    await until(async () => isIdle(await api("admin:admin", `$JS.API.CONSUMER.INFO.${STREAM}.${DURABLE}`, "")));
    expect(lines().map((line) => [line.type, line.action])).toEqual([
      ["ReviewOpened", action.id],
      ["ActionRejected", action.id],
    ]);
  });

  it("P8: its user makes no consumer, of nobody's events, and sends no command", async () => {
    const user = "notifier-file-notifier:password-of-program";
    for (const filter of ["cs.evt.main.acme.action.*", "cs.evt.main.other.action.*"]) {
      const config = { durable_name: DURABLE, name: DURABLE, deliver_subject: "cs.cmd.approval.SubmitVote", filter_subject: filter };
      const create = `$JS.API.CONSUMER.CREATE.${STREAM}.${DURABLE}.${filter}`;
      await expect(api(user, create, JSON.stringify({ stream_name: STREAM, config }))).rejects.toThrow(/permission/i);
    }
    await expect(api(user, "cs.cmd.approval.GetAction", "")).rejects.toThrow(/permission/i);
  });
});

async function api(user: string, subject: string, body: string): Promise<object> {
  const connection = await connectNats({ url: nats.url.replace("nats://", `nats://${user}@`), name: "test" });
  try {
    return (await connection.request(subject, body, { timeout: 20_000 })).json();
  } finally {
    await connection.close();
  }
}
