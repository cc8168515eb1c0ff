import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { copyIn, type Copy } from "../cluster/copy.ts";
import type { History } from "../history.ts";

/** `nats-server: v2.10.27`. */
const versionOf = (program: string): string => execFileSync(program, ["--version"], { encoding: "utf8" }).trim();

/**
 * Replaces nats-server by one program after the other, on the same directory, while callers are at work: up from the one that runs, and back down again.
 * Returns what did not come back.
 */
export async function replaceNats(
  cluster: Pick<Cluster, "nats" | "natsUrl" | "useNatsServer">,
  programs: readonly string[],
  { durationMs, patienceMs, history, tell }: { durationMs: number; patienceMs: number; history: History; tell: (text: string) => void },
): Promise<readonly string[]> {
  const problems: string[] = [];
  // Down again in the same steps; at last the one that ran at first.
  const steps = [...programs, ...programs.slice(0, -1).toReversed(), undefined];
  for (const program of steps) {
    await sleep(durationMs / (steps.length + 1));
    const name = program === undefined ? "nats-server as it was" : versionOf(program);
    const before = await streamOf(cluster.natsUrl);
    const over = history.fault(`${name} takes over`);
    await cluster.nats.stop();
    cluster.useNatsServer(program);
    await cluster.nats.start();
    over();
    const after = await grown(cluster.natsUrl, before?.last ?? 0, patienceMs);
    if (after === undefined) problems.push(`${name}: the copy of the log did not grow on it within ${patienceMs} ms`);
    else tell(`${name}: ${after.created === before?.created ? "took the stream as it was" : "has a stream that was made anew"}`);
  }
  return problems;
}

/** The copy, once it holds more than so many events. */
async function grown(natsUrl: string, than: number, patienceMs: number): Promise<Copy | undefined> {
  for (const end = performance.now() + patienceMs; performance.now() < end; await sleep(200)) {
    const stream = await streamOf(natsUrl);
    if (stream !== undefined && stream.last > than) return stream;
  }
  return undefined;
}

/** Nothing while there is none, or nobody answers. */
async function streamOf(natsUrl: string): Promise<Copy | undefined> {
  const copy = await copyIn(natsUrl);
  return copy === "none" ? undefined : copy;
}
