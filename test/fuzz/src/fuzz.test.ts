import { describe, expect, it } from "vitest";
import { corpusOf, corpusTargets, readCorpus } from "./engine/corpus.ts";
import { checkLaw } from "./engine/law.ts";
import { fuzz } from "./engine/run.ts";
import { startWatchdog } from "./engine/watchdog.ts";
import { TARGETS } from "./targets/index.ts";

/** The same inputs in every run: what is found here was brought in by a change. `npm run fuzz` looks for what nobody knows yet. */
const SEED = 1;
/** Long inputs take long; most of what they break, short ones break too. */
const MOST_BYTES = 8000;

describe("P7: every decoder at the edge gives a value or refuses by name, whatever comes in", () => {
  it.each(TARGETS.map((target) => [target.name, target] as const))("%s", async (name, target) => {
    const watchdog = startWatchdog(name, corpusOf(name));
    const prepared = await target.prepare();
    for (const known of readCorpus(name)) {
      expect([known.name, await checkLaw(target, prepared, known.input, watchdog)]).toEqual([known.name, undefined]);
    }
    const { found } = await fuzz(target, prepared, {
      seed: SEED,
      goOn: (inputs) => inputs < prepared.seeds.length + (target.quick ?? 60),
      watchdog,
      mostBytes: MOST_BYTES,
    });
    expect(found.map(({ detail, input }) => `${detail}\n${JSON.stringify(Buffer.from(input).toString("latin1").slice(0, 1000))}`)).toEqual(
      [],
    );
    await watchdog.close();
  });

  it("has a target for every corpus", () => {
    const names = TARGETS.map(({ name }) => name);
    expect(corpusTargets().filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });
});
