import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { freePort, type NatsServer, startNatsServer } from "@countersign/testing";
import { startTcpProxy } from "@countersign/testing/tcp-proxy";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { connectNats } from "./connect.ts";
import { denialsOf } from "./denials.ts";
import { natsAccounts } from "./nats-accounts.ts";
import { natsCommands } from "./nats-commands.ts";
import { natsFeed } from "./nats-feed.ts";
import { startRelay, type RunningRelay } from "./start-relay.ts";
import { appendTo } from "./test-events.ts";
import { watchBus } from "./watch-bus.ts";

// An operator reloads nats-server with fewer rights or a smaller max_payload than before, and later with all of it; a client hangs.
const PASSWORDS = { approval: "a", audit: "b", directory: "c", gateway: "d", notifier: "e", policy: "f", countersign: "g" };
const RIGHTS = natsAccounts({ prefix: "cs", ledgers: ["main"] }, PASSWORDS);
const PATIENCE = { timeout: 20_000 };

let folder: string;
let monitor: number;
let server: NatsServer;
/** Of a command that takes its time: it came, and may end. */
const begun = Promise.withResolvers<void>();
const held = Promise.withResolvers<Uint8Array>();
let approval: NatsConnection;
let gateway: NatsConnection;

/** Configures the server without some lines of each user's block, and with other settings. */
const configure = async ({ without = [], settings = [] }: { without?: readonly string[]; settings?: readonly string[] }): Promise<void> => {
  const lines = RIGHTS.split("\n").filter((line) => !without.includes(line.trim()));
  // Here and not as a flag: before 2.11 a reload forgets flags, and JetStream would be gone.
  const jetstream = `jetstream { store_dir: ${JSON.stringify(join(folder, "data"))} }`;
  await writeFile(
    join(folder, "nats.conf"),
    [...lines, jetstream, "max_pending: 1MB", 'write_deadline: "1s"', `http: 127.0.0.1:${monitor}`, ...settings].join("\n"),
  );
};
/** What the server says of itself. */
const monitored = async (name: "slow_consumers" | "max_payload"): Promise<number> => {
  const reply: unknown = await (await fetch(`http://127.0.0.1:${monitor}/varz`)).json();
  const values = new Map(Object.entries(reply ?? {}));
  return Number(values.get(name) ?? 0);
};
/** With nothing: gives everything back. */
const reload = async (changes: Parameters<typeof configure>[0] = {}): Promise<void> => {
  await configure(changes);
  process.kill(server.pid, "SIGHUP");
};
const as = (user: keyof typeof PASSWORDS): Promise<NatsConnection> =>
  connectNats({ url: server.url.replace("//", `//${user}:${PASSWORDS[user]}@`), name: user });
const ask = (timeoutMs = 60_000): Promise<Uint8Array> =>
  natsCommands(gateway, { prefix: "cs" }).send("approval", "GetAction", create(CommandSchema, {}), { timeoutMs });
const answers = async (): Promise<boolean> => (await ask().catch(() => undefined))?.length === 2;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-nats-denials-"));
  monitor = await freePort();
  await configure({});
  server = await startNatsServer({ storeDir: join(folder, "data"), configFile: join(folder, "nats.conf"), jetstream: false });
  [approval, gateway] = await Promise.all([as("approval"), as("gateway")]);
  await natsCommands(approval, { prefix: "cs", logger: silentLogger }).serve("approval", {
    GetAction: async () => Buffer.from("ok"),
    Hold: () => {
      begun.resolve();
      return held.promise;
    },
  });
});
afterAll(async () => {
  await Promise.all([approval.close(), gateway.close()]);
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

test("P7: a service that loses the right to its commands says so, and hears them again when it has it back", async () => {
  expect(await answers()).toBe(true);
  const denials = denialsOf(approval);
  await reload({ without: ['"cs.cmd.approval.>"'] });
  await vi.waitUntil(() => denials.current().includes("may not subscribe to cs.cmd.approval.*"), PATIENCE);
  await expect(ask()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await reload();
  await vi.waitUntil(answers, PATIENCE);
  await vi.waitUntil(() => denials.current().length === 0, PATIENCE);
});

test("P7: a service that ends while it has no right to its commands stays ended when the right comes back", async () => {
  const leaving = await as("approval");
  const served = await natsCommands(leaving, { prefix: "cs", logger: silentLogger }).serve("approval", {
    GetAction: async () => Buffer.from("from the one that ended"),
  });
  const denials = denialsOf(leaving);
  let refusals = 0;
  denials.onDenied(() => (refusals += 1));
  await reload({ without: ['"cs.cmd.approval.>"'] });
  // Once when it lost the right, and once when it asked for it.
  await vi.waitUntil(() => refusals >= 2, PATIENCE);
  await served.close();
  await reload();
  await vi.waitUntil(answers, PATIENCE);
  await vi.waitUntil(() => denials.current().length === 0, PATIENCE);
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask()));
  expect(new Set(replies.map((reply) => Buffer.from(reply).toString()))).toEqual(new Set(["ok"]));
  await leaving.close();
});

test("P7: of a command under way nobody says that it had no effect when the right to send more is lost", async () => {
  const commands = natsCommands(gateway, { prefix: "cs" });
  const send = (): Promise<Uint8Array> => commands.send("approval", "Hold", create(CommandSchema, {}), { timeoutMs: 60_000 });
  const outcome = send().catch((error: unknown) => error);
  await begun.promise;
  await reload({ without: ['"cs.cmd.approval.>"'] });
  // What was refused before may still be known.
  const refused = (): boolean => denialsOf(gateway).current().includes("may not publish to cs.cmd.approval.Hold");
  await vi.waitUntil(() => {
    send().catch(() => undefined);
    return refused();
  }, PATIENCE);
  expect(await outcome).toMatchObject({ code: "UNAVAILABLE", reason: "LINK_LOST" });
  held.resolve(new Uint8Array());
  await reload();
  await vi.waitUntil(() => !refused(), PATIENCE);
});

test("P7: a refusal that is forgotten meanwhile is a refusal all the same", async () => {
  const connection = await as("approval");
  const denials = denialsOf(connection);
  const denial = { operation: "subscription", subject: "cs.cmd.policy.*" } as const;
  const subscribe = () => connection.subscribe(denial.subject, { callback: () => undefined });
  subscribe();
  await vi.waitUntil(() => denials.current().length > 0, PATIENCE);
  subscribe();
  const accepted = denials.accepted(denial);
  denials.forget(denial);
  expect(await accepted).toBe(false);
  await connection.close();
});

test("P7: who may not send a command is told at once, not when its time is over, and may again when it has the right back", async () => {
  const denials = denialsOf(gateway);
  await reload({ without: ['"cs.cmd.approval.>"'] });
  await vi.waitUntil(
    async () =>
      (await ask().catch(({ message }: Error) => message)) ===
      "The bus does not let commands through to approval; the outcome is not known.",
    PATIENCE,
  );
  expect(denials.current()).toContain("may not publish to cs.cmd.approval.GetAction");
  await reload();
  await vi.waitUntil(() => denials.current().length === 0, PATIENCE);
  await vi.waitUntil(answers, PATIENCE);
});

describe("the copy of a log", () => {
  const log = createMemoryEventLog({ ledger: "main" });
  const appendLarge = (id: string, bytes: number): Promise<unknown> =>
    log.append({
      stream: { tenant: "acme", type: "action", id },
      expectedVersion: 0,
      events: [{ type: "ActionRequested", schemaVersion: 1, data: new Uint8Array(bytes).fill(7) }],
      actor: { issuer: "https://issuer.test", id: "agent-1" },
      time: new Date("2026-11-21T12:00:00.123Z"),
    });
  const copied = async (): Promise<number> => {
    const { streams } = await jetstreamManager(approval, { checkAPI: false, timeout: 2000 });
    return (await streams.info("CS_EVENTS_MAIN")).state.last_seq;
  };
  const allCopied = async (): Promise<void> => {
    const end = await log.nextPosition();
    await vi.waitUntil(async () => (await copied().catch(() => 0)) === end, PATIENCE);
  };
  let relay: RunningRelay;
  beforeAll(() => {
    relay = startRelay({ log, connection: approval, prefix: "cs", logger: silentLogger });
  });
  afterAll(() => relay.close());

  test("P4: relay and feed go on where they were when they have lost the right to events and have it back", async () => {
    const heard: number[] = [];
    natsFeed(gateway, { prefix: "cs", ledger: "main", logger: silentLogger }).subscribe(({ position }) => heard.push(position));
    await gateway.flush();
    await appendTo(log, { id: "a1" }, ["ActionRequested"]);
    await vi.waitUntil(() => heard.includes(0), PATIENCE);
    await reload({ without: ['"cs.evt.>"', '"cs.evt.*.*.*.*"'] });
    await vi.waitUntil(() => denialsOf(gateway).current().includes("may not subscribe to cs.evt.main.*.*.*"), PATIENCE);
    // Whoever wants it no more does not miss it.
    const leave = natsFeed(gateway, { prefix: "cs", ledger: "main", logger: silentLogger }).subscribe(() => {}, { tenant: "gone" });
    await vi.waitUntil(() => denialsOf(gateway).current().includes("may not subscribe to cs.evt.main.gone.*.*"), PATIENCE);
    leave();
    expect(denialsOf(gateway).current()).toEqual(["may not subscribe to cs.evt.main.*.*.*"]);
    await appendTo(log, { id: "a2" }, ["ActionRequested"]);
    await vi.waitUntil(
      () =>
        denialsOf(approval)
          .current()
          .some((line) => line.startsWith("may not publish to cs.evt.main.")),
      PATIENCE,
    );
    await reload();
    await vi.waitUntil(() => denialsOf(gateway).current().length === 0, PATIENCE);
    await appendTo(log, { id: "a3" }, ["ActionRequested"]);
    await vi.waitUntil(() => heard.includes(2), PATIENCE);
    await allCopied();
  });

  test("P4: nothing waits behind an event that max_payload does not let through: its place is kept, and it is found in the log", async () => {
    const first = await log.nextPosition();
    await reload({ settings: ["max_payload: 8192"] });
    await vi.waitUntil(async () => (await monitored("max_payload")) === 8192, PATIENCE);
    await appendLarge("large", 20_000);
    await appendTo(log, { id: "after-it" }, ["ActionRequested"]);
    await allCopied();
    expect(approval.info?.max_payload).toBe(8192);
    const { streams } = await jetstreamManager(approval, { checkAPI: false });
    const message = await streams.getMessage("CS_EVENTS_MAIN", { seq: first + 1 });
    expect([message?.data.length, message?.header.get("ce-position"), Number(message?.header.get("cs-omitted"))]).toEqual([
      0,
      String(first),
      expect.closeTo(20_000, -3),
    ]);

    // The last one of the stream, too, is known again when a relay resumes there.
    await appendLarge("large-and-last", 20_000);
    await allCopied();
    const { created } = await streams.info("CS_EVENTS_MAIN");
    await relay.close();
    relay = startRelay({ log, connection: approval, prefix: "cs", logger: silentLogger });
    await appendTo(log, { id: "after-the-last" }, ["ActionRequested"]);
    await allCopied();
    expect((await streams.info("CS_EVENTS_MAIN")).created).toBe(created);
  });

  test("P7: a command that max_payload does not let through is refused at its sender, with the limit", async () => {
    const command = create(CommandSchema, { request: new Uint8Array(20_000) });
    const bus = natsCommands(gateway, { prefix: "cs" });
    const refusal = (): Promise<unknown> =>
      bus.send("approval", "GetAction", command, { timeoutMs: 60_000 }).catch((error: unknown) => error);
    // The first one may still be sent: the server shuts the connection for it, and tells the limit with the next one.
    await vi.waitUntil(async () => String(await refusal()).includes("the bus carries 8128"), PATIENCE);
    expect(await refusal()).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "TOO_LARGE" });
    await reload();
    await vi.waitUntil(async () => (await monitored("max_payload")) > 8192, PATIENCE);
    // A reload tells nobody: clients learn of it when they connect again.
    await Promise.all([approval.reconnect(), gateway.reconnect()]);
    await vi.waitUntil(() => [approval, gateway].every(({ info }) => (info?.max_payload ?? 0) > 8192), PATIENCE);
  });

  test("P4: a client that does not read is shut out as a slow consumer, and its feed goes on when it is back", async () => {
    const proxy = await startTcpProxy(server.port);
    const slow = await connectNats({ url: `nats://audit:${PASSWORDS.audit}@127.0.0.1:${proxy.port}`, name: "slow" });
    const warnings: string[] = [];
    const watch = watchBus(slow, { ...silentLogger, warn: (_, message) => warnings.push(message) });
    const heard: number[] = [];
    natsFeed(slow, { prefix: "cs", ledger: "main", logger: silentLogger }).subscribe(({ position }) => heard.push(position));
    await slow.flush();
    proxy.stopReading();
    // Until the buffers between the two are full, however large this machine's are.
    for (let round = 0; (await monitored("slow_consumers")) === 0; round += 1) {
      await Promise.all(Array.from({ length: 50 }, (_, index) => appendLarge(`slow-${round}-${index}`, 60_000)));
      await allCopied();
    }
    proxy.heal();
    await vi.waitUntil(() => warnings.includes("the connection to NATS was lost; it is made again"), PATIENCE);
    const back = await log.nextPosition();
    await vi.waitUntil(async () => {
      await appendTo(log, { id: `again-${await log.nextPosition()}` }, ["ActionRequested"]);
      return heard.some((position) => position >= back);
    }, PATIENCE);
    watch.end();
    await slow.close();
    proxy.close();
  });
});
