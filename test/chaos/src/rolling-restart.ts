import { createClient, type CountersignClient } from "@countersign/client";
import type { Balancer } from "./cluster/balancer.ts";
import type { Cluster, Instance } from "./cluster/cluster.ts";
import type { History } from "./history.ts";
import type { Cast, Name } from "./workload/cast.ts";

/** The cast as ordinary clients have it: one address, and the client's own repetitions, no others. */
export async function castBehind(balancer: Balancer, cluster: Pick<Cluster, "tokenOf">): Promise<{ readonly cast: Cast; close(): void }> {
  const clients: CountersignClient[] = [];
  const one = async (who: Name): Promise<readonly CountersignClient[]> => {
    const client = createClient({ address: balancer.address, token: await cluster.tokenOf(who) });
    clients.push(client);
    return [client];
  };
  const cast: Cast = {
    "crm-agent": await one("crm-agent"),
    "ci-runner": await one("ci-runner"),
    "data-owner": await one("data-owner"),
    "second-data-owner": await one("second-data-owner"),
    "security-lead": await one("security-lead"),
    "security-engineer": await one("security-engineer"),
  };
  return { cast, close: () => clients.forEach((client) => client.close()) };
}

/**
 * Calls that failed although nothing was wrong with them: what a client that repeats what is unavailable had to pass on. A gateway that has more to do than its
 * machine can says so whether or not something restarts.
 */
export function failedCalls({ refusals, refusedTo }: History): readonly string[] {
  const explained = (refusal: string): boolean => refusal.startsWith("FAILED_PRECONDITION ") || refusal === "RESOURCE_EXHAUSTED OVERLOADED";
  return [...refusals]
    .filter(([refusal]) => !explained(refusal))
    .map(([refusal, count]) => `${count} x ${refusal}, last of ${refusedTo.get(refusal)}`);
}

/** Tells one process after the other to end and starts it again, round after round, for as long as that; the other ones of its service carry on. */
export async function restartInTurn(
  { instances }: Pick<Cluster, "instances">,
  durationMs: number,
  history: History,
  tell: (text: string) => void,
): Promise<number> {
  const end = performance.now() + durationMs;
  let restarts = 0;
  for (let next = 0; performance.now() < end; next = (next + 1) % instances.length) {
    const instance = instances[next];
    if (instance === undefined) break;
    tell(`restarting ${instance.part.name}`);
    await endInOrder(instance, history);
    await instance.part.start();
    restarts += 1;
  }
  return restarts;
}

/** SIGTERM; resolves when it has ended. */
export async function endInOrder({ part }: Instance, history: History): Promise<void> {
  const over = history.fault(`${part.name} is told to end`);
  await part.stop();
  over();
}
