import { startSystem, type Layout } from "../system.ts";
import { openWorkloads, type Workloads } from "../workloads.ts";
import { openPeer, PEERS, type PeerName } from "./peers.ts";

/** Who takes part: ours in one of its layouts, or a peer. */
export type Contender = Layout | PeerName;

/** A contender that runs, and the lifecycles against it. */
export type OpenContender = { readonly workloads: Workloads; close(): Promise<void> };

/** Where peers keep their data. */
export type Place = { readonly databaseUrl: string; readonly folder: string };

export async function openContender(contender: Contender, { databaseUrl, folder }: Place): Promise<OpenContender> {
  if (isPeer(contender)) {
    const peer = await openPeer(contender, databaseUrl, folder);
    return { workloads: peer.workloads, close: () => close(peer.workloads, peer.process.stop) };
  }
  const system = await startSystem(contender);
  const workloads = await openWorkloads(system);
  return { workloads, close: () => close(workloads, system.close) };
}

async function close(workloads: Workloads, stop: () => Promise<void>): Promise<void> {
  workloads.close();
  await stop();
}

function isPeer(contender: Contender): contender is PeerName {
  return PEERS.some((peer) => peer === contender);
}
