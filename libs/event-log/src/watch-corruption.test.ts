import { startTelemetry } from "@countersign/telemetry";
import { afterEach, expect, test } from "vitest";
import { EventLogError } from "./errors.ts";
import type { EventLog } from "./event-log.ts";
import { createMemoryEventLog } from "./memory-event-log.ts";
import { watchCorruption } from "./watch-corruption.ts";

let ended: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

test("P7: a corrupt log is a gauge that names the first position that was met, for a quarter of an hour", async () => {
  const telemetry = await startTelemetry("approval", { COUNTERSIGN_TELEMETRY_PORT: "0" });
  ended = [() => telemetry.close()];
  let now = 0;
  let failure: Error | undefined;
  const log: EventLog = createMemoryEventLog({ ledger: "main" });
  const fails = async () => {
    if (failure !== undefined) throw failure;
    return [];
  };
  const watched = watchCorruption<EventLog>({ ...log, readAll: fails, readStream: fails }, () => now);
  const gauges = async () => (await (await fetch(`http://${telemetry.address}/metrics`)).text()).match(/^countersign_log_corrupt\{.*$/gm);
  const meets = async (error: Error, read: () => Promise<unknown> = () => watched.log.readAll({ from: 0, limit: 1 })) => {
    failure = error;
    await expect(read()).rejects.toBe(error);
  };
  const flaw = (position?: number) => new EventLogError("corrupt", "x", { position });
  const found = (position: string) => [`countersign_log_corrupt{ledger="main",position="${position}"} 1`];

  await meets(new EventLogError("unavailable", "x"));
  expect(await gauges()).toEqual(['countersign_log_corrupt{ledger="main"} 0']);
  await meets(flaw());
  expect(await gauges()).toEqual(found("unknown"));
  await meets(flaw(4711), () => watched.log.readStream({ tenant: "acme", type: "action", id: "a" }));
  await meets(flaw(4712));
  expect(await gauges()).toEqual(found("4711"));
  now += 15 * 60_000;
  expect(await gauges()).toEqual(['countersign_log_corrupt{ledger="main"} 0']);
  await meets(flaw(4712));
  expect(await gauges()).toEqual(found("4712"));
  watched.end();
  expect(await gauges()).toBeNull();
});
