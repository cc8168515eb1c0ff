import { Command, InvalidArgumentError, Option } from "commander";
import { TARGETS } from "./targets/index.ts";
import type { Target } from "./engine/target.ts";

/** How a run goes. */
export type Options = { readonly seed: number; readonly seconds: number; readonly targets: readonly Target[] };

/** @throws CommanderError for options that make no sense. */
export function parseOptions(argv: readonly string[], anySeed: number): Options {
  const command = new Command("fuzz")
    .description("Gives every decoder and parser at the edge broken input, and keeps the smallest of what breaks it.")
    .option("--seed <number>", "repeats the inputs of a run", parseCount, anySeed)
    .option("--seconds <number>", "how long for each target", parseCount, 20)
    .addOption(
      new Option("--target <names>", `with commas between: ${TARGETS.map(({ name }) => name).join(", ")}`)
        .argParser(parseTargets)
        .default(TARGETS, "all"),
    )
    .exitOverride();
  const { target, ...rest } = command.parse(argv, { from: "user" }).opts<Omit<Options, "targets"> & { target: Options["targets"] }>();
  return { ...rest, targets: target };
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError("must be a whole number above 0");
  return count;
}

function parseTargets(text: string): readonly Target[] {
  return text.split(",").map((name) => {
    const target = TARGETS.find((known) => known.name === name.trim());
    if (target === undefined) throw new InvalidArgumentError(`there is no ${name}`);
    return target;
  });
}
