import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { CountersignClient } from "@countersign/client";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { REVIEWED } from "../inputs.ts";
import { cpuSecondsOf, residentMegabytesOf } from "../process-usage.ts";
import { startSystem } from "../system.ts";
import { print, tableLine, type Columns } from "../table.ts";
import { Command } from "commander";
import { clientOf } from "./tenants.ts";
import { parseCount, parseAmount } from "../parse-options.ts";

const COLUMNS: Columns = [
  ["state", 34],
  ["gateway MB", 10],
  ["others MB", 9],
  ["gateway idle CPU ms/s", 21],
  ["others idle CPU ms/s", 20],
];

type Options = { readonly reviews: number; readonly watches: number; readonly seconds: number };

/** `bench crowd`: what it costs that many wait. */
export function crowdCommand(): Command {
  return new Command("crowd")
    .description("What pending reviews and open watches on one gateway cost in memory and CPU while nothing else happens")
    .option("--reviews <n>", "pending reviews", parseCount, 10_000)
    .option("--watches <n>", "open watches, each on a review of its own", parseCount, 1000)
    .option("--seconds <n>", "of looking at each state", parseAmount, 10)
    .action(run);
}

async function run({ reviews, watches, seconds }: Options): Promise<void> {
  const system = await startSystem("process-per-service");
  const agent = await clientOf(system, "crm-agent");
  // The services start in a fixed order; the gateway is the last.
  const gateway = system.pids.slice(-1);
  const others = system.pids.slice(0, -1);
  const look = async (state: string): Promise<void> => {
    // What was asked for is done in the background for a while, and V8 gives memory back when it is idle.
    await pause(seconds * 1000);
    const before = [cpuSecondsOf(gateway), cpuSecondsOf(others)] as const;
    await pause(seconds * 1000);
    const perSecond = [cpuSecondsOf(gateway) - before[0], cpuSecondsOf(others) - before[1]].map((cpu) =>
      ((cpu / seconds) * 1000).toFixed(1),
    );
    print(tableLine(COLUMNS, [state, residentMegabytesOf(gateway).toFixed(0), residentMegabytesOf(others).toFixed(0), ...perSecond]));
  };
  print(
    tableLine(
      COLUMNS,
      COLUMNS.map(([name]) => name),
    ),
  );
  try {
    // Young processes grow whatever they do: the same work at first, for people who then decide.
    await open(agent, Math.ceil(reviews / 10));
    await look(`${Math.ceil(reviews / 10)} pending reviews`);
    const pending = await open(agent, reviews - Math.ceil(reviews / 10));
    await look(`${reviews} pending reviews`);
    const close = await watch(agent, pending.slice(0, watches));
    await look(`and ${watches} open watches`);
    close();
    await look("watches closed");
  } finally {
    agent.close();
    await system.close();
  }
}

const AT_ONCE = 16;

/** Opens so many reviews, each of a run of its own. */
async function open(agent: CountersignClient, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  let begun = 0;
  const worker = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      const { action } = await agent.requestAction({ ...REVIEWED, context: { ...REVIEWED.context, run_id: randomUUID() } });
      // One that policy was late for is put in review by a timer soon.
      if (action.status === ActionStatus.IN_REVIEW) ids.push(action.id);
      else if (action.status !== ActionStatus.REQUESTED) throw new Error(`status ${action.status} where IN_REVIEW was due`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return ids;
}

/** Watches each of them, and resolves when every watch has told the state. */
async function watch(agent: CountersignClient, actionIds: readonly string[]): Promise<() => void> {
  const ending = new AbortController();
  const streams: AsyncIterator<unknown>[] = [];
  for (const actionId of actionIds) {
    const stream = agent.actions.watchAction({ actionId }, { signal: ending.signal })[Symbol.asyncIterator]();
    await stream.next();
    // Nothing will come; the end that we make is no failure.
    stream.next().catch(() => {});
    streams.push(stream);
  }
  return () => ending.abort();
}
