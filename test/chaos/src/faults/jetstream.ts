import { cpSync, rmSync } from "node:fs";
import type { Cluster } from "../cluster/cluster.ts";

/** JetStream loses everything. While nats-server is not running. */
export function wipeJetStream({ natsFolder }: Pick<Cluster, "natsFolder">): void {
  rmSync(natsFolder, { recursive: true, force: true });
}

/** Keeps JetStream as it is now; the function that comes back brings it back. Both while nats-server is not running. */
export function keepJetStream({ natsFolder }: Pick<Cluster, "natsFolder">): () => void {
  const copy = `${natsFolder}.kept`;
  rmSync(copy, { recursive: true, force: true });
  cpSync(natsFolder, copy, { recursive: true });
  return () => {
    rmSync(natsFolder, { recursive: true, force: true });
    cpSync(copy, natsFolder, { recursive: true });
  };
}
