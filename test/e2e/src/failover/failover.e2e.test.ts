import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, statusName, type CountersignClient, type Decision } from "@countersign/client";
import { refusal } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import type { ActionState } from "@countersign/proto/v1/action_pb";
import { startPostgres, type PostgresServer } from "@countersign/testing";
import { startTcpProxy, type TcpProxy } from "@countersign/testing/tcp-proxy";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { TAG_CHANGE } from "../scenes.ts";
import { startServices, type Services } from "./services.ts";
import { demandOneOf, furthest, onServer, promote, replication, SETTINGS, startStandby, copyForStandbys } from "./standby.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-failover-"));
const SOON = { timeout: 30_000, interval: 20 };
const servers: PostgresServer[] = [];
let first: PostgresServer;
/** The standbys of the first. */
let near: PostgresServer;
let far: PostgresServer;
/** The fixed address, behind which whoever runs PostgreSQL puts the server that writes. */
let address: TcpProxy;
/** The way of `far` to its primary. */
let farLink: TcpProxy;
let services: Services;
const clients: CountersignClient[] = [];
/** Approved by the first primary, and known to its standbys. */
let both: Awaited<ReturnType<typeof allowed>>;

beforeAll(async () => {
  chmodSync(folder, 0o755);
  const [dataDir, nearDir, farDir] = [join(folder, "first"), join(folder, "near"), join(folder, "far")];
  first = await started(startPostgres({ dataDir, settings: SETTINGS }));
  await copyForStandbys(first, dataDir, [nearDir, farDir]);
  [address, farLink] = [await startTcpProxy(first.port), await startTcpProxy(first.port)];
  const url = new URL(first.url);
  url.port = String(address.port);
  [services, near, far] = await Promise.all([
    startServices(url.href, folder),
    started(startStandby(nearDir, first, first.port)),
    started(startStandby(farDir, first, farLink.port)),
  ]);
});
afterAll(async () => {
  for (const client of clients) client.close();
  await services.close();
  address.close();
  farLink.close();
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
  const token = await services.issuer.mint(DEVELOPMENT_PRINCIPALS[who]);
  const client = createClient({ address: services.address, token, retry: { attempts: 1000, baseMs: 20, maxMs: 200 } });
  clients.push(client);
  return client;
}

const PATIENCE = { timeoutMs: 60_000 };

/** Asks, and waits: while `policy` still looks for its database, an action is recorded without a verdict. */
async function allowed(agent: CountersignClient, idempotencyKey: string): Promise<Decision<Pick<ActionState, "id" | "digest" | "status">>> {
  const asked = await agent.requestAction(TAG_CHANGE, { idempotencyKey, ...PATIENCE });
  return asked.grantToken === "" ? agent.waitForDecision(asked.action.id) : asked;
}

/** Asks and redeems, again and again, until it is told to stop; which actions it was told were redeemed. */
async function work(agent: CountersignClient, name: string, stop: AbortSignal, done: string[]): Promise<void> {
  for (let count = 0; !stop.aborted; count += 1) {
    const key = `${name}-${count}`;
    const { action, grantToken } = await allowed(agent, key);
    await agent.redeem(grantToken, action.digest, { idempotencyKey: key, ...PATIENCE });
    done.push(action.id);
  }
}

/** A standby takes the place of the primary that died, and its address. */
async function takeOver(standby: PostgresServer): Promise<void> {
  await promote(standby);
  lead(standby);
}

function lead(server: PostgresServer): void {
  address.leadTo(server.port);
  address.reset();
}

/** How many appends are written down and not acknowledged, since no standby that must has them. */
async function appendsThatWait(server: PostgresServer): Promise<number> {
  return onServer(server, async (client) => {
    const waiting = "select from pg_stat_activity where wait_event = 'SyncRep' and application_name like 'event-log %'";
    return (await client.query(waiting)).rowCount ?? 0;
  });
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

describe("PostgreSQL fails over to a standby, a process per service", () => {
  it("P2, P4: the better one of a quorum: nothing acknowledged is lost, nothing is doubled, and everything goes on by itself", async () => {
    await demandOneOf(first, ["near", "far"]);
    await vi.waitFor(async () => expect(await replication(first)).toEqual({ near: "quorum", far: "quorum" }), SOON);
    const stop = new AbortController();
    const done: string[] = [];
    const agent = await patient("crm-agent");
    const workers = Array.from({ length: 8 }, (_, index) => work(agent, `w${index}`, stop.signal, done));
    await vi.waitFor(() => expect(done.length).toBeGreaterThan(20), SOON);
    farLink.stall();
    const behind = done.length;
    await vi.waitFor(() => expect(done.length).toBeGreaterThan(behind + 20), SOON);
    both = await allowed(agent, "both");
    await first.kill();
    const second = await furthest([far, near]);
    expect(second).toBe(near);
    await takeOver(second);
    const before = done.length;
    await vi.waitFor(() => expect(done.length).toBeGreaterThan(before + 20), SOON);
    stop.abort();
    await Promise.all(workers);
    const redeemed = await redemptions(second);
    expect(done.filter((id) => redeemed.get(id) !== 1)).toEqual([]);
    expect([...redeemed.values()].filter((times) => times !== 1)).toEqual([]);
    await vi.waitFor(async () => expect(await sealedUpTo()).toBeGreaterThanOrEqual(done.length * 4), SOON);
    await vi.waitFor(async () => expect(await flaws()).toEqual([]), SOON);
    expect(services.allAlive()).toBe(true);
  });

  it("P2, P4: the old primary comes back and is reached: it acknowledges nothing, and what was asked of it is done once, by the new one", async () => {
    // Whoever is behind the new primary can follow it; who had been promoted instead could not be followed by the better one.
    farLink.reset();
    farLink.leadTo(near.port);
    farLink.heal();
    await vi.waitFor(async () => expect(await replication(near)).toEqual({ far: "async" }), SOON);
    const old = await started(startPostgres({ dataDir: join(folder, "first"), settings: SETTINGS }));
    lead(old);
    const agent = await patient("crm-agent");
    let acknowledged = false;
    const redeeming = agent.redeem(both.grantToken, both.action.digest, { idempotencyKey: "both", ...PATIENCE });
    const told = redeeming.then(() => (acknowledged = true));
    await vi.waitFor(async () => expect(await appendsThatWait(old)).toBeGreaterThan(0), SOON);
    expect((await redemptions(old)).has(both.action.id)).toBe(false);
    expect(acknowledged).toBe(false);
    lead(near);
    await told;
    await old.kill();
    expect(await refusal(agent.redeem(both.grantToken, both.action.digest, PATIENCE))).toBe("FAILED_PRECONDITION GRANT_REDEEMED");
    expect((await redemptions(near)).get(both.action.id)).toBe(1);
    await vi.waitFor(async () => expect(await flaws()).toEqual([]), SOON);
    expect(services.allAlive()).toBe(true);
  });

  it("P4, P6: that lags behind: the loss is found, nothing is signed over it, and an operator says so for ever", async () => {
    await vi.waitFor(async () => expect((await redemptions(far)).size).toBe((await redemptions(near)).size), SOON);
    farLink.stall();
    const agent = await patient("crm-agent");
    const { action, grantToken } = await allowed(agent, "lost");
    const sealed = await sealedUpTo();
    await vi.waitFor(async () => expect(await sealedUpTo()).toBeGreaterThan(sealed), SOON);
    await near.kill();
    await takeOver(far);
    const looks = Array.from({ length: 8 }, () => refusal(agent.actions.getAction({ actionId: action.id }, PATIENCE)));
    expect(new Set(await Promise.all(looks))).toEqual(new Set(["NOT_FOUND NOT_FOUND"]));
    expect(await refusal(agent.redeem(grantToken, action.digest, PATIENCE))).toBe("UNAUTHENTICATED GRANT_INVALID");
    await vi.waitFor(async () => expect(await flaws()).toEqual(["ANCHOR"]), SOON);
    const found = (line: string): boolean => /JetStream (is ahead of|holds another event than) the log/.test(line);
    await vi.waitFor(() => expect(services.logged.some(found)).toBe(true), SOON);
    const next = await allowed(agent, "after");
    expect(statusName(next.action.status)).toBe("APPROVED");
    await (await patient("operator")).audit.startEpoch({}, PATIENCE);
    await vi.waitFor(async () => expect(await flaws()).toEqual([]), SOON);
    expect(services.allAlive()).toBe(true);
  });
});
