import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startInfrastructure } from "@countersign/standalone";
import { signaturesPerSecond } from "../calibration.ts";
import { closedLoop } from "../closed-loop.ts";
import { startSystem, type Layout } from "../system.ts";
import { openWorkloads, type Workloads } from "../workloads.ts";
import { installPeers } from "./peer-process.ts";
import { openPeer, PEERS, type PeerName } from "./peers.ts";

export type Contender = Layout | PeerName;

/** One measurement of one contender. */
export type Lap = {
  readonly contender: Contender;
  readonly workload: "auto" | "reviewed" | "vote to requester";
  readonly inFlight: number;
  readonly round: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly signaturesPerSecond: number;
};

export type ComparePlan = { readonly contenders: readonly Contender[]; readonly rounds: number; readonly seconds: number };

type Open = { readonly contender: Contender; readonly workloads: Workloads; close(): Promise<void> };

const STEPS = [
  { workload: "auto", inFlight: 64 },
  { workload: "reviewed", inFlight: 64 },
  { workload: "auto", inFlight: 1 },
  { workload: "vote to requester", inFlight: 1 },
] as const;

/** All contenders stand side by side, warm, and take turns row by row: a slow phase of the machine meets all of them. */
export async function compare(plan: ComparePlan, onLap: (lap: Lap) => void): Promise<void> {
  installPeers();
  const folder = mkdtempSync(join(tmpdir(), "countersign-compare-"));
  const infrastructure = await startInfrastructure({ dataDir: folder });
  const open: Open[] = [];
  try {
    for (const contender of plan.contenders) open.push(await start(contender, infrastructure.databaseUrl, folder));
    for (const { workloads } of open) {
      await closedLoop(workloads.auto, 32, plan.seconds);
      await closedLoop(workloads.reviewed, 32, plan.seconds);
    }
    for (let round = 1; round <= plan.rounds; round += 1) {
      for (const step of STEPS) for (const one of open) onLap(await lap(one, step, round, plan.seconds));
    }
  } finally {
    for (const one of open.toReversed()) await one.close();
    await infrastructure.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function lap({ contender, workloads }: Open, step: (typeof STEPS)[number], round: number, seconds: number): Promise<Lap> {
  const speed = signaturesPerSecond();
  const run = { auto: workloads.auto, reviewed: workloads.reviewed, "vote to requester": workloads.voteToRequester }[step.workload];
  const { perSecond, p50 } = await closedLoop(run, step.inFlight, seconds);
  return { contender, ...step, round, perSecond, p50, signaturesPerSecond: speed };
}

async function start(contender: Contender, databaseUrl: string, folder: string): Promise<Open> {
  if (isPeer(contender)) {
    const peer = await openPeer(contender, databaseUrl, folder);
    return { contender, workloads: peer.workloads, close: () => close(peer.workloads, peer.process.stop) };
  }
  const system = await startSystem(contender);
  const workloads = await openWorkloads(system);
  return { contender, workloads, close: () => close(workloads, system.close) };
}

async function close(workloads: Workloads, stop: () => Promise<void>): Promise<void> {
  workloads.close();
  await stop();
}

function isPeer(contender: Contender): contender is PeerName {
  return PEERS.some((peer) => peer === contender);
}
