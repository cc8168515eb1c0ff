import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Workloads } from "../workloads.ts";
import type { Contender, Place } from "./contender.ts";

export type Turn = { readonly workload: Exclude<keyof Workloads, "close">; readonly inFlight: number; readonly seconds: number };
export type TurnResult = { readonly perSecond: number; readonly p50: number };

export type Order =
  | { readonly do: "open"; readonly contender: Contender; readonly place: Place }
  | ({ readonly do: "run" } & Turn)
  | { readonly do: "close" };
export type Answer = { readonly result?: TurnResult; readonly failed?: string };

/** A contender and its client, the client in a process of its own. One order at a time. */
export type Driver = { readonly contender: Contender; run(turn: Turn): Promise<TurnResult>; close(): Promise<void> };

/**
 * Starts a contender. Its client shares no process with another's: code that two of them use in different ways is compiled for both, and garbage of one is collected in the turn of the
 * other. Everything of it ends with this process.
 * @throws Error with what the driver said, when a contender does not start or an action of it fails.
 */
export async function openDriver(contender: Contender, place: Place): Promise<Driver> {
  const child = fork(fileURLToPath(new URL("driver.ts", import.meta.url)));
  const ended = once(child, "exit");
  const tell = async (order: Order): Promise<Answer> => {
    child.send(order);
    const [answer] = (await Promise.race([once(child, "message"), ended.then(() => [{ failed: "the process ended" }])])) as [Answer];
    if (answer.failed !== undefined) throw new Error(`${contender}: ${answer.failed}`);
    return answer;
  };
  const close = async (): Promise<void> => {
    await tell({ do: "close" }).finally(() => child.disconnect());
    await ended;
  };
  try {
    await tell({ do: "open", contender, place });
  } catch (error) {
    child.kill();
    throw error;
  }
  return {
    contender,
    run: async (turn) => {
      const { result } = await tell({ do: "run", ...turn });
      if (result === undefined) throw new Error(`${contender}: a turn without a result`);
      return result;
    },
    close,
  };
}
