import { Broken, type Prepared, type Target } from "./target.ts";
import type { Watchdog } from "./watchdog.ts";

/** Processor time that no input may take. Not time on the wall: a busy machine is no finding. */
export const MOST_SECONDS = 5;
/** What one input may lead to, in bytes or characters. */
const MOST_OUTPUT = 1024 * 1024;
/** Beside names that a file of an operator makes up itself. */
const MOST_MESSAGE = 64 * 1024;

/** What was broken, in words that are the same for the same cause. */
export type Finding = { readonly problem: string; readonly detail: string };

const SHARED = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];

/** Runs one input and holds the outcome against the law. Undefined: it holds. */
export async function checkLaw(target: Target, { run }: Prepared, input: Uint8Array, watchdog: Watchdog): Promise<Finding | undefined> {
  const before = SHARED.map((each) => Reflect.ownKeys(each).length);
  const begun = process.threadCpuUsage();
  watchdog.watch(input);
  let finding: Finding | undefined;
  try {
    finding = tooMuch("output", sizeOf(await run(input)), MOST_OUTPUT);
  } catch (error) {
    finding = judge(target, error, input);
  } finally {
    watchdog.rest();
  }
  const { user, system } = process.threadCpuUsage(begun);
  const seconds = (user + system) / 1e6;
  if (seconds > MOST_SECONDS) return { problem: "slow", detail: `it took ${seconds.toFixed(1)} s of processor time` };
  const polluted = SHARED.findIndex((each, index) => Reflect.ownKeys(each).length !== before[index]);
  return polluted === -1 ? finding : { problem: "pollution", detail: `it changed ${SHARED[polluted]?.constructor.name}.prototype` };
}

function judge({ refusals }: Target, error: unknown, input: Uint8Array): Finding | undefined {
  if (!(error instanceof Error)) return { problem: "thrown", detail: `it threw ${String(error)}, which is no error` };
  if (error instanceof Broken) return { problem: `broken: ${error.message}`, detail: error.message };
  if (refusals.some((refusal) => error instanceof refusal))
    return tooMuch("message", error.message.length, MOST_MESSAGE + 2 * input.length);
  return { problem: `${error.name} ${placeOf(error)}`, detail: error.stack ?? error.message };
}

function tooMuch(what: string, size: number, most: number): Finding | undefined {
  return size <= most ? undefined : { problem: `size of the ${what}`, detail: `its ${what} has a size of ${size}, more than ${most}` };
}

function sizeOf(output: unknown): number {
  if (typeof output === "string") return output.length;
  if (output instanceof Uint8Array) return output.byteLength;
  return 0;
}

/** Where it was thrown: two inputs that fail at the same place are one finding. */
function placeOf({ stack = "" }: Error): string {
  return (
    stack
      .split("\n")
      .find((line) => line.startsWith("    at "))
      ?.trim() ?? ""
  );
}
