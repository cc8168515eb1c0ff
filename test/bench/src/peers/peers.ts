import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Workloads } from "../workloads.ts";
import { openHandWritten } from "./hand-written.ts";
import { openHttpPeer, type HttpDoor } from "./http-peer.ts";
import { startPeer, type PeerProcess } from "./peer-process.ts";

/** What an engineer would pick instead. */
export const PEERS = ["restate", "dbos", "hand-written"] as const;
export type PeerName = (typeof PEERS)[number];

/** A peer that runs, and the lifecycles against it. */
export type Peer = { readonly process: PeerProcess; readonly workloads: Workloads };

const RESTATE: HttpDoor = {
  ask: (id) => `/action/${id}/run`,
  askForReview: (id) => `/action/${id}/run/send`,
  wait: (id) => `/restate/workflow/action/${id}/attach`,
  approve: (id) => `/action/${id}/approve`,
  redeem: (jti) => `/grant/${jti}/redeem`,
};

const DBOS: HttpDoor = {
  ask: (id) => `/action/${id}`,
  askForReview: (id) => `/action/${id}`,
  wait: (id) => `/action/${id}/wait`,
  approve: (id) => `/action/${id}/approve`,
  redeem: () => "/redeem",
};

/** Starts one peer, its data in a folder of its own or in the given database, with its own defaults. */
export async function openPeer(name: PeerName, databaseUrl: string, folder: string): Promise<Peer> {
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true });
  const process = await startPeer(name, { DATABASE_URL: databaseUrl, DATA_DIR: dataDir });
  switch (name) {
    case "restate":
      return { process, workloads: await openHttpPeer(process.address, RESTATE) };
    case "dbos":
      return { process, workloads: await openHttpPeer(process.address, DBOS) };
    case "hand-written":
      return { process, workloads: await openHandWritten(process.address) };
  }
}
