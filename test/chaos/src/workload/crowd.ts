import { setTimeout as sleep } from "node:timers/promises";
import type { Cast } from "./cast.ts";
import type { Circumstances } from "./caller.ts";
import type { Intent } from "./intents.ts";
import { Life } from "./life.ts";

export type Crowd = Circumstances & {
  readonly cast: Cast;
  /** Actions at a time, at most. */
  readonly inFlight: number;
  /** Between two new actions. Default: none. */
  readonly pauseMs?: number;
};

/** Lives through all intents, some at a time; resolves when each has come to its end, with what went wrong. */
export async function liveThrough(intents: Iterable<Intent>, crowd: Crowd): Promise<readonly string[]> {
  const { cast, inFlight, until, pauseMs = 0 } = crowd;
  const failures: string[] = [];
  const alive = new Set<Promise<void>>();
  for (const intent of intents) {
    const life = new Life(intent, cast, crowd)
      .live()
      .catch((error: unknown) => {
        const stuck = until.aborted ? "is stuck" : "failed";
        failures.push(`${intent.id} (${intent.kind}) ${stuck}: ${String(error)}`);
      })
      .finally(() => alive.delete(life));
    alive.add(life);
    if (pauseMs > 0) await sleep(pauseMs);
    while (alive.size >= inFlight) await Promise.race(alive);
  }
  await Promise.all(alive);
  return failures;
}
