import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { type NatsServer, startNatsServer } from "@countersign/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { connectNats } from "./connect.ts";
import { denialsOf } from "./denials.ts";
import { natsAccounts } from "./nats-accounts.ts";
import { natsCommands } from "./nats-commands.ts";
import { natsFeed } from "./nats-feed.ts";
import { startRelay } from "./start-relay.ts";
import { appendTo } from "./test-events.ts";

// An operator reloads nats-server with fewer rights than before, and later with all of them.
const PASSWORDS = { approval: "a", audit: "b", directory: "c", gateway: "d", notifier: "e", policy: "f", countersign: "g" };
const RIGHTS = natsAccounts({ prefix: "cs", ledgers: ["main"] }, PASSWORDS);
const PATIENCE = { timeout: 20_000 };

let folder: string;
let server: NatsServer;
let approval: NatsConnection;
let gateway: NatsConnection;

/** Takes lines of the configuration away, in each user's block; none: gives everything back. */
const configure = async (...without: readonly string[]): Promise<void> => {
  const lines = RIGHTS.split("\n").filter((line) => !without.includes(line.trim()));
  // Here and not as a flag: before 2.11 a reload forgets flags, and JetStream would be gone.
  const jetstream = `jetstream { store_dir: ${JSON.stringify(join(folder, "data"))} }`;
  await writeFile(join(folder, "nats.conf"), [...lines, jetstream].join("\n"));
};
const reload = async (...without: readonly string[]): Promise<void> => {
  await configure(...without);
  process.kill(server.pid, "SIGHUP");
};
const as = (user: keyof typeof PASSWORDS): Promise<NatsConnection> =>
  connectNats({ url: server.url.replace("//", `//${user}:${PASSWORDS[user]}@`), name: user });
const ask = (timeoutMs = 60_000): Promise<Uint8Array> =>
  natsCommands(gateway, { prefix: "cs" }).send("approval", "GetAction", create(CommandSchema, {}), { timeoutMs });
const answers = async (): Promise<boolean> => (await ask().catch(() => undefined))?.length === 2;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-nats-denials-"));
  await configure();
  server = await startNatsServer({ storeDir: join(folder, "data"), configFile: join(folder, "nats.conf"), jetstream: false });
  [approval, gateway] = await Promise.all([as("approval"), as("gateway")]);
  await natsCommands(approval, { prefix: "cs", logger: silentLogger }).serve("approval", { GetAction: async () => Buffer.from("ok") });
});
afterAll(async () => {
  await Promise.all([approval.close(), gateway.close()]);
  await server.kill();
  await rm(folder, { recursive: true, force: true });
});

test("P7: a service that loses the right to its commands says so, and hears them again when it has it back", async () => {
  expect(await answers()).toBe(true);
  const denials = denialsOf(approval);
  await reload('"cs.cmd.approval.>"');
  await vi.waitUntil(() => denials.current().includes("may not subscribe to cs.cmd.approval.*"), PATIENCE);
  await expect(ask()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await reload();
  await vi.waitUntil(answers, PATIENCE);
  await vi.waitUntil(() => denials.current().length === 0, PATIENCE);
});

test("P7: who may not send a command is told at once, not when its time is over, and may again when it has the right back", async () => {
  const denials = denialsOf(gateway);
  await reload('"cs.cmd.approval.>"');
  await vi.waitUntil(
    async () => (await ask().catch(({ message }: Error) => message)) === "The bus does not let commands through to approval.",
    PATIENCE,
  );
  expect(denials.current()).toContain("may not publish to cs.cmd.approval.GetAction");
  await reload();
  await vi.waitUntil(() => denials.current().length === 0, PATIENCE);
  await vi.waitUntil(answers, PATIENCE);
});

test("P4: a relay and a feed that lose the right to events go on where they were when they have it back", async () => {
  const log = createMemoryEventLog({ ledger: "main" });
  const heard: number[] = [];
  natsFeed(gateway, { prefix: "cs", ledger: "main", logger: silentLogger }).subscribe(({ position }) => heard.push(position));
  const relay = startRelay({ log, connection: approval, prefix: "cs", logger: silentLogger });
  await appendTo(log, { id: "a1" }, ["ActionRequested"]);
  await vi.waitUntil(() => heard.includes(0), PATIENCE);
  await reload('"cs.evt.>"', '"cs.evt.*.*.*.*"');
  await vi.waitUntil(() => denialsOf(gateway).current().includes("may not subscribe to cs.evt.main.*.*.*"), PATIENCE);
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
  const { streams } = await jetstreamManager(approval, { checkAPI: false });
  await vi.waitUntil(async () => (await streams.info("CS_EVENTS_MAIN")).state.last_seq === 3, PATIENCE);
  await relay.close();
});
