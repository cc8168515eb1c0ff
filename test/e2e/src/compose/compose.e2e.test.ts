import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CountersignError, createClient, statusName, type CountersignClient } from "@countersign/client";
import { approve } from "@countersign/client/testing";
import { openDatabase } from "@countersign/database";
import { createDevelopmentIssuer, DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer, type DevelopmentName } from "@countersign/identity";
import { starterPolicy } from "@countersign/policy";
import type { BacktestResult } from "@countersign/proto/v1/policy_service_pb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXPORT, TAG_CHANGE } from "../scenes.ts";
import { readOnly } from "./read-only.ts";
import { startComposed, type Composed } from "./without-containers.ts";

const ACTIONS = 24;

type StreamDetail = { readonly config: { readonly num_replicas: number }; readonly state: { readonly last_seq: number } };

/** prepare.sh makes certificates with it; a machine without it can still run everything else. */
const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!hasOpenssl)("deploy/compose: three nats-servers, two of each service, TLS everywhere, a user for each", () => {
  let folder: string;
  let composed: Composed;
  let issuer: DevelopmentIssuer;
  const clients: CountersignClient[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "countersign-compose-"));
    issuer = await createDevelopmentIssuer({ dir: join(folder, "issuer") });
    composed = await startComposed(folder, JSON.stringify([issuer.issuer]));
    const admin = await as("policy-admin");
    const { revision } = await admin.policies.publishPolicy({ document: starterPolicy() });
    await admin.policies.activatePolicy({ revision: revision?.revision ?? 0n });
  }, 180_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await composed?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  let turn = 0;
  /** At one front door or the other. */
  async function as(who: DevelopmentName): Promise<CountersignClient> {
    const principal = DEVELOPMENT_PRINCIPALS[who];
    const client = createClient({
      address: `localhost:${composed.doors[turn++ % composed.doors.length]}`,
      token: await issuer.mint(principal.type === "human" ? { ...principal, mfa: true } : principal),
      tls: { caFile: join(composed.secrets, "tls/ca.pem") },
      retry: { attempts: 100, baseMs: 50, maxMs: 500 },
    });
    clients.push(client);
    return client;
  }

  /** What a server holds of the ledger. */
  async function streamOn(server: string) {
    const answer = await fetch(`${composed.monitor(server)}/jsz?streams=1&config=1`);
    const { account_details: accounts } = (await answer.json()) as { account_details: { stream_detail: StreamDetail[] }[] };
    return accounts[0]?.stream_detail[0];
  }

  /** A reviewer who presses the button again when it did not work. */
  async function approveInTheEnd(reviewer: CountersignClient, actionId: string): Promise<void> {
    for (;;) {
      try {
        return void (await approve(reviewer, actionId));
      } catch (error) {
        if (!(error instanceof CountersignError)) throw error;
        const { action } = await reviewer.actions.getAction({ actionId });
        if (!["REQUESTED", "IN_REVIEW"].includes(statusName(action?.status ?? 0))) return;
        if (!["UNAVAILABLE", "DEADLINE_EXCEEDED", "ABORTED"].includes(error.code)) throw error;
      }
    }
  }

  test("P4: a nats-server, an approval and a policy that die under load cost no caller that repeats its call anything", async () => {
    const [agent, reviewer] = [await as("crm-agent"), await as("data-owner")];
    const redeemed = async (index: number): Promise<boolean> => {
      const call = { idempotencyKey: `reviewed-${index}`, timeoutMs: 60_000 };
      const { action } = await agent.requestAction(
        { ...EXPORT, action: { ...EXPORT.action, properties: { ...EXPORT.action.properties, limit: index } } },
        call,
      );
      await approveInTheEnd(reviewer, action.id);
      const { grantToken } = await agent.waitForDecision(action.id);
      return (await agent.redeem(grantToken, action.digest)).actionId === action.id;
    };
    const lives = Array.from({ length: ACTIONS }, async (_, index) => {
      if (index === 8) await composed.kill("nats-1");
      if (index === 12) await Promise.all([composed.kill("approval-1"), composed.kill("policy-2")]);
      return redeemed(index);
    });
    expect(await Promise.all(lives)).toEqual(Array.from({ length: ACTIONS }, () => true));
    const { action } = await agent.requestAction(TAG_CHANGE);
    expect(statusName((await agent.waitForDecision(action.id)).action.status)).toBe("APPROVED");
  }, 120_000);

  test("P7: audit and policy backtest together, each with its own rights in Postgres and NATS", async () => {
    const admin = await as("policy-admin");
    let result: BacktestResult | undefined;
    for await (const { message } of admin.policies.backtestPolicy({ document: starterPolicy() }))
      if (message.case === "result") result = message.value;
    expect(result).toMatchObject({ judged: BigInt(ACTIONS + 1), different: 0n, erased: 0n });
  });

  test("policy asks directory who its reviewers are, with its own rights in NATS", async () => {
    const admin = await as("policy-admin");
    expect((await admin.policies.publishPolicy({ document: starterPolicy(), validateOnly: true })).warnings).toEqual([]);
  });

  test("no process writes anywhere but to its volumes: each has run with a root that it cannot write, where this user may mount", () => {
    const outside = join(folder, "outside");
    const write = { program: process.execPath, args: ["-e", "fs.writeFileSync(process.argv[1], '')", outside] };
    const { program, args } = readOnly(write, []);
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8" });
    expect({ written: existsSync(outside), refused: stderr.includes("EROFS") }).toEqual(
      status === 0 ? { written: true, refused: false } : { written: false, refused: true },
    );
    expect(composed.readOnly.toSorted()).toEqual(["approval", "audit", "directory", "gateway", "notifier", "policy"]);
  });

  test("P4: the stream has three copies, and those that are left hold the whole log", async () => {
    const database = openDatabase({ url: composed.databaseUrl, role: null, maxConnections: 1 });
    const compared = async () => {
      const stream = await streamOn("nats-2");
      const { rows } = await database.pool.query<{ count: number }>("select count(*)::int as count from event_log.event");
      return { replicas: stream?.config.num_replicas, behind: (rows[0]?.count ?? 0) - (stream?.state.last_seq ?? 0) };
    };
    await expect.poll(compared).toEqual({ replicas: 3, behind: 0 });
    await database.close();
  });
});
