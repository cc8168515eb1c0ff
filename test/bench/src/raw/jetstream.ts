import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectNats, startRelay } from "@countersign/bus";
import { startNatsServer } from "@countersign/embedded";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { cpuSecondsOf } from "../process-usage.ts";
import { ENTRY_BYTES, eventSource } from "./events.ts";
import type { Part } from "./measure.ts";

/** So many are published in a turn, however long it takes. */
const EVENTS = 50_000;
const WINDOW = 256;
/** One in so many asks for an acknowledgement, which then stands for those before it. */
const ACKNOWLEDGED = 32;

type Connection = Awaited<ReturnType<typeof connectNats>>;

/** Publishing to a stream in a file alone, and our relay from a log in memory, on one nats-server. */
export async function openJetStreamParts(folder: string): Promise<{ readonly bare: Part; readonly ours: Part; close(): Promise<void> }> {
  const nats = await startNatsServer({ storeDir: join(folder, "raw-nats") });
  const connection = await connectNats({ url: nats.url, name: "raw" });
  const log = createMemoryEventLog({ ledger: "raw" });
  const next = eventSource();
  for (let count = 0; count < EVENTS; count += 1) await log.append(next());
  const cpu = (): number => cpuSecondsOf([process.pid, nats.pid]);
  let turn = 0;
  return {
    bare: { cpu, run: () => publishAll(connection, `bare${(turn += 1)}`) },
    ours: { cpu, run: () => relayAll(connection, log, `ours${(turn += 1)}`) },
    close: async () => {
      await connection.close();
      await nats.stop();
    },
  };
}

async function publishAll(connection: Connection, name: string): Promise<number> {
  const stream = { name, subjects: [`${name}.event`], storage: "file", num_replicas: 1 };
  const made = await connection.request(`$JS.API.STREAM.CREATE.${name}`, JSON.stringify(stream), { timeout: 10_000 });
  if (made.string().includes('"error"')) throw new Error(made.string());
  const body = randomBytes(ENTRY_BYTES);
  let sent = 0;
  await new Promise<void>((resolve, reject) => {
    let stored = 0;
    const inbox = `acks.${name}`;
    const more = (): void => {
      while (sent < EVENTS && sent - stored < WINDOW) {
        sent += 1;
        const asks = sent % ACKNOWLEDGED === 0 || sent === EVENTS;
        connection.publish(`${name}.event`, body, asks ? { reply: inbox } : {});
      }
    };
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        stored = error === null ? Number((JSON.parse(message.string()) as { readonly seq?: number }).seq) : Number.NaN;
        if (Number.isNaN(stored)) reject(new Error(`not stored: ${error?.message ?? message.string()}`));
        if (stored >= EVENTS) {
          subscription.unsubscribe();
          resolve();
        } else more();
      },
    });
    more();
  });
  return sent;
}

async function relayAll(connection: Connection, log: ReturnType<typeof createMemoryEventLog>, prefix: string): Promise<number> {
  const relay = startRelay({ log, connection, prefix, logger: silentLogger });
  while (relay.stored() < EVENTS) await sleep(2);
  await relay.close();
  return EVENTS;
}
