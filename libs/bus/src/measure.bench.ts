// What the bus costs, beside the client's own ways of doing the same. Run: node libs/bus/src/measure.bench.ts
import type { RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { startNatsServer } from "@countersign/testing";
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { MsgHdrsImpl, type MsgHdrs } from "@nats-io/transport-node";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandOf } from "./commands.contract.ts";
import type { CommandBus } from "./commands.ts";
import { connectNats } from "./connect.ts";
import { eventHeaders } from "./event-headers.ts";
import { inProcessCommands } from "./in-process-commands.ts";
import { natsCommands } from "./nats-commands.ts";
import { startRelay } from "./start-relay.ts";
import { appendActions } from "./test-events.ts";

const EVENTS = 30_000;
const ROUNDS = 3;

const folder = await mkdtemp(join(tmpdir(), "countersign-measure-"));
const nats = await startNatsServer({ storeDir: folder });
const [near, far] = await Promise.all([connectNats({ url: nats.url, name: "near" }), connectNats({ url: nats.url, name: "far" })]);
const log = createMemoryEventLog({ ledger: "main" });
await appendActions(log, EVENTS / 3);
const events = await log.readAll({ from: 0, limit: 10_000 });

for (let round = 1; round <= ROUNDS; round += 1) {
  print(`round ${round}`, {
    "headers CPU µs": perItem(events, (event) => encoded(eventHeaders(event))),
    "headers by set() CPU µs": perItem(events, checkedHeaders),
    ...(await relayFigures(`r${round}`)),
    "js.publish 256 at once /s": await publishRate(`p${round}`, 256, 10_000),
    "js.publish one by one /s": await publishRate(`q${round}`, 1, 2_000),
    ...(await commandFigures("command", await busOver(`c${round}`))),
    ...(await commandFigures("in process", await busInProcess())),
    ...(await requestFigures(`n${round}`)),
  });
}
await Promise.all([near.close(), far.close()]);
await nats.stop();
await rm(folder, { recursive: true });

function perItem<Item>(items: readonly Item[], work: (item: Item) => Uint8Array): number {
  for (const item of items) work(item);
  const before = process.cpuUsage();
  for (const item of items) work(item);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / items.length;
}

function encoded(made: MsgHdrs): Uint8Array {
  if (!(made instanceof MsgHdrsImpl)) throw new TypeError("not the client's own headers");
  return made.encode();
}

function readable(event: RecordedEvent): MsgHdrsImpl {
  return MsgHdrsImpl.decode(encoded(eventHeaders(event)));
}

function checkedHeaders(event: RecordedEvent) {
  const made = new MsgHdrsImpl();
  for (const [name, [value]] of readable(event)) made.set(name, value ?? "");
  return made.encode();
}

async function relayFigures(prefix: string) {
  const before = performance.now();
  const cpuBefore = process.cpuUsage();
  const relay = startRelay({ log, connection: near, prefix, logger: silentLogger });
  while (relay.stored() < EVENTS) await new Promise((resolve) => setTimeout(resolve, 5));
  const rate = (EVENTS * 1000) / (performance.now() - before);
  const { user, system } = process.cpuUsage(cpuBefore);
  await relay.close();
  return { "relay events/s": rate, "relay CPU µs": (user + system) / EVENTS };
}

async function publishRate(prefix: string, window: number, count: number): Promise<number> {
  const manager = await jetstreamManager(near);
  await manager.streams.add({ name: prefix, subjects: [`${prefix}.>`] });
  const js = jetstream(near);
  const before = performance.now();
  let next = 0;
  const publishOn = async () => {
    for (let event = events[next++]; event !== undefined && next <= count; event = events[next++]) {
      const made = readable(event);
      made.delete("Nats-Expected-Last-Sequence");
      await js.publish(`${prefix}.event`, event.entry, { headers: made });
    }
  };
  await Promise.all(Array.from({ length: window }, publishOn));
  return (count * 1000) / (performance.now() - before);
}

async function busOver(prefix: string): Promise<CommandBus> {
  await natsCommands(far, { prefix }).serve("echo", { Echo: async (command) => command.request });
  return natsCommands(near, { prefix });
}

async function busInProcess(): Promise<CommandBus> {
  const bus = inProcessCommands();
  await bus.serve("echo", { Echo: async (command) => command.request });
  return bus;
}

async function commandFigures(name: string, bus: CommandBus) {
  const command = commandOf("x".repeat(400));
  return figures(name, () => bus.send("echo", "Echo", command, { timeoutMs: 5000 }));
}

async function requestFigures(subject: string) {
  const subscription = far.subscribe(subject, { callback: (_, message) => void message.respond(message.data) });
  await far.flush();
  const data = commandOf("x".repeat(400)).request;
  const result = await figures("connection.request", () => near.request(subject, data, { timeout: 5000 }));
  subscription.unsubscribe();
  return result;
}

async function figures(name: string, send: () => Promise<unknown>) {
  const times: number[] = [];
  for (let index = 0; index < 3000; index += 1) {
    const before = performance.now();
    await send();
    times.push(performance.now() - before);
  }
  const before = performance.now();
  const cpuBefore = process.cpuUsage();
  const sendOn = async () => {
    for (let index = 0; index < 500; index += 1) await send();
  };
  await Promise.all(Array.from({ length: 64 }, sendOn));
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    [`${name} p50 µs`]: (times.toSorted((a, b) => a - b)[1500] ?? 0) * 1000,
    [`${name} /s at 64`]: 32_000_000 / (performance.now() - before),
    [`${name} CPU µs at 64`]: (user + system) / 32_000,
  };
}

function print(title: string, values: Readonly<Record<string, number>>): void {
  const lines = Object.entries(values).map(([name, value]) => `  ${name.padEnd(32)} ${value < 100 ? value.toFixed(1) : Math.round(value)}`);
  process.stdout.write(`${title}\n${lines.join("\n")}\n`);
}
