import { mutated } from "../mutate/mutate.ts";
import { checkLaw, type Finding } from "./law.ts";
import { minimise } from "./minimise.ts";
import { Random } from "./random.ts";
import type { Prepared, Target } from "./target.ts";
import type { Watchdog } from "./watchdog.ts";

/** What came of a run: the smallest input for each thing that broke. */
export type Outcome = { readonly inputs: number; readonly found: readonly Found[] };
export type Found = Finding & { readonly input: Uint8Array };

export type RunOptions = {
  readonly seed: number;
  /** Asked before each input. */
  readonly goOn: (inputs: number) => boolean;
  readonly watchdog: Watchdog;
  /** The longest input; by default more than any front door lets in. */
  readonly mostBytes?: number;
};

/** Tries the seeds, then what becomes of them. The inputs depend on the seed alone; time only says how many there are. */
export async function fuzz(
  target: Target,
  prepared: Prepared,
  { seed, goOn, watchdog, mostBytes = 300_000 }: RunOptions,
): Promise<Outcome> {
  const random = new Random(seed);
  const { kind, words = [] } = target;
  const found = new Map<string, Found>();
  let inputs = 0;
  const attempt = async (input: Uint8Array): Promise<void> => {
    inputs += 1;
    const finding = await checkLaw(target, prepared, input, watchdog);
    if (finding === undefined || found.has(finding.problem)) return;
    found.set(finding.problem, await smallest(target, prepared, watchdog, { ...finding, input }));
  };
  for (const input of prepared.seeds) await attempt(input);
  while (goOn(inputs)) await attempt(mutated({ kind, pool: prepared.seeds, words, mostBytes }, random));
  return { inputs, found: [...found.values()] };
}

async function smallest(target: Target, prepared: Prepared, watchdog: Watchdog, { input, ...finding }: Found): Promise<Found> {
  // Each try may take as long as the law allows.
  if (finding.problem === "slow") return { ...finding, input };
  const same = async (shorter: Uint8Array): Promise<boolean> =>
    (await checkLaw(target, prepared, shorter, watchdog))?.problem === finding.problem;
  return { ...finding, input: await minimise(input, same) };
}
