import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, statusName, type CountersignClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { startPostgres, type PostgresServer } from "@countersign/testing";
import { startTcpProxy, type TcpProxy } from "@countersign/testing/tcp-proxy";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { refusal, TAG_CHANGE } from "../scenes.ts";
import { startStack, type Stack } from "../stack.ts";
import { demandStandby, onServer, promote, replication, SETTINGS, startStandby } from "./standby.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-failover-"));
const SOON = { timeout: 30_000, interval: 20 };
const logged: string[] = [];
const note = (_fields: object, text?: string): number => logged.push(text ?? "");
const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger };
const servers: PostgresServer[] = [];
/** The fixed address, behind which whoever runs PostgreSQL puts the server that writes. */
let address: TcpProxy;
/** The way from the primary to its standby. */
let replicationLink: TcpProxy | undefined;
let stack: Stack;
const clients: CountersignClient[] = [];

beforeAll(async () => {
  chmodSync(folder, 0o755);
  const first = await started(startPostgres({ dataDir: join(folder, "first"), settings: SETTINGS }));
  address = await startTcpProxy(first.port);
  const url = new URL(first.url);
  url.port = String(address.port);
  stack = await startStack({ COUNTERSIGN_DATABASE_URL: url.href }, logger);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await stack.close();
  address.close();
  replicationLink?.close();
  await Promise.all(servers.map((server) => server.kill()));
  rmSync(folder, { recursive: true, force: true });
});

async function started(starting: Promise<PostgresServer>): Promise<PostgresServer> {
  const server = await starting;
  servers.push(server);
  return server;
}

/** A client that repeats its calls for as long as a failover takes. */
async function patient(who: DevelopmentName): Promise<CountersignClient> {
  const token = await stack.issuer.mint(DEVELOPMENT_PRINCIPALS[who]);
  const client = createClient({ address: stack.address, token, retry: { attempts: 1000, baseMs: 20, maxMs: 200 } });
  clients.push(client);
  return client;
}

const PATIENCE = { timeoutMs: 60_000 };

/** Asks and redeems, again and again, until it is told to stop; which actions it was told were redeemed. */
async function work(agent: CountersignClient, name: string, stop: AbortSignal, done: string[]): Promise<void> {
  for (let count = 0; !stop.aborted; count += 1) {
    const key = `${name}-${count}`;
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE, { idempotencyKey: key, ...PATIENCE });
    await agent.redeem(grantToken, action.digest, { idempotencyKey: key, ...PATIENCE });
    done.push(action.id);
  }
}

/** `kill -9` of the one that writes; the standby takes its place and its address. */
async function failOver(from: PostgresServer, to: PostgresServer): Promise<void> {
  await from.kill();
  await promote(to);
  address.leadTo(to.port);
  address.reset();
}

async function redemptions(server: PostgresServer): Promise<ReadonlyMap<string, number>> {
  return onServer(server, async (client) => {
    const { rows } = await client.query<{ id: string; times: string }>(
      "select stream_id as id, count(*) as times from event_log.event where type = 'GrantRedeemed' group by 1",
    );
    return new Map(rows.map(({ id, times }) => [id, Number(times)]));
  });
}

async function flaws(): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { message } of (await patient("operator")).audit.fsck({})) {
    if (message.case === "flaw") found.push(message.value.kind);
    if (message.case === "result") found.push(...message.value.unchecked);
  }
  return found;
}

/** The size of the newest checkpoint. */
async function sealedUpTo(): Promise<number> {
  const { checkpoint } = await (await patient("auditor")).audit.getCheckpoint({});
  return Number(checkpoint.split("\n")[1]);
}

describe("PostgreSQL fails over to a standby", () => {
  it("P2, P4: that is synchronous: nothing acknowledged is lost, nothing is doubled, and everything goes on by itself", async () => {
    const [first] = servers;
    if (first === undefined) throw new Error("there is no server");
    const second = await started(startStandby(first, join(folder, "first"), join(folder, "second")));
    await demandStandby(first);
    await vi.waitFor(async () => expect(await replication(first)).toBe("sync"), SOON);
    const stop = new AbortController();
    const done: string[] = [];
    const agent = await patient("crm-agent");
    const workers = Array.from({ length: 8 }, (_, index) => work(agent, `w${index}`, stop.signal, done));
    await vi.waitFor(() => expect(done.length).toBeGreaterThan(20), SOON);
    await failOver(first, second);
    const before = done.length;
    await vi.waitFor(() => expect(done.length).toBeGreaterThan(before + 20), SOON);
    stop.abort();
    await Promise.all(workers);
    const redeemed = await redemptions(second);
    expect(done.filter((id) => redeemed.get(id) !== 1)).toEqual([]);
    expect([...redeemed.values()].filter((times) => times !== 1)).toEqual([]);
    await vi.waitFor(async () => expect(await sealedUpTo()).toBeGreaterThanOrEqual(done.length * 4), SOON);
    await vi.waitFor(async () => expect(await flaws()).toEqual([]), SOON);
  });

  it("P4, P6: that lags behind: the loss is found, nothing is signed over it, and an operator says so for ever", async () => {
    const [, second] = servers;
    if (second === undefined) throw new Error("there is no server");
    replicationLink = await startTcpProxy(second.port);
    const third = await started(startStandby(second, join(folder, "second"), join(folder, "third"), replicationLink.port));
    await vi.waitFor(async () => expect(await replication(second)).toBe("async"), SOON);
    replicationLink.stall();
    const agent = await patient("crm-agent");
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
    const sealed = await sealedUpTo();
    await vi.waitFor(async () => expect(await sealedUpTo()).toBeGreaterThan(sealed), SOON);
    await failOver(second, third);
    expect(await refusal(agent.actions.getAction({ actionId: action.id }, PATIENCE))).toBe("NOT_FOUND NOT_FOUND");
    expect(await refusal(agent.redeem(grantToken, action.digest, PATIENCE))).toBe("UNAUTHENTICATED GRANT_INVALID");
    await vi.waitFor(async () => expect(await flaws()).toContain("ANCHOR"), SOON);
    expect(await flaws()).toEqual(["ANCHOR"]);
    expect(logged.some((line) => /^JetStream (is ahead of|holds another event than) the log/.test(line))).toBe(true);
    const next = await agent.requestAction(TAG_CHANGE, PATIENCE);
    expect(statusName(next.action.status)).toBe("APPROVED");
    await (await patient("operator")).audit.startEpoch({}, PATIENCE);
    await vi.waitFor(async () => expect(await flaws()).toEqual([]), SOON);
  });
});
