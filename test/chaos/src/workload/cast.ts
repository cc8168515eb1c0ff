import type { CountersignClient } from "@countersign/client";
import type { Cluster } from "../cluster/cluster.ts";

const NAMES = ["crm-agent", "ci-runner", "data-owner", "second-data-owner", "security-lead", "security-engineer"] as const;
export type Name = (typeof NAMES)[number];

/** Everybody who takes part, each with a client for every gateway. */
export type Cast = Readonly<Record<Name, readonly CountersignClient[]>>;

export async function gatherCast(cluster: Pick<Cluster, "as">): Promise<Cast> {
  const clients = await Promise.all(NAMES.map(async (name) => [name, await cluster.as(name)] as const));
  return Object.fromEntries(clients) as Cast;
}
