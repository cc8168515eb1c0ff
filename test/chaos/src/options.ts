import { Command, InvalidArgumentError, Option } from "commander";
import { FAULT_KINDS, type FaultKind } from "./faults/plan.ts";
import { natsServerOf } from "./nats-versions/debian.ts";

/** How a run goes. */
export type Options = {
  readonly minutes: number;
  readonly seed: number;
  readonly faults: readonly FaultKind[];
  /** No faults: every process is told to end and started again in turn, and no call may fail. */
  readonly rolling: boolean;
  /** No faults: nats-server is replaced by these programs in turn, and back. */
  readonly natsServers: readonly string[];
  readonly inFlight: number;
  readonly json: boolean;
  /** File that gets every line that the services print. */
  readonly logs: string | undefined;
};

/** @throws CommanderError for options that make no sense. */
export function parseOptions(argv: readonly string[], anySeed: number): Options {
  const command = new Command("chaos")
    .description("Kills, pauses, cuts off and misleads every part of a deployment under load, then checks P1 to P5 over its log.")
    .option("--minutes <number>", "how long faults come", parseMinutes, 2)
    .option("--seed <number>", "repeats the plan of a run", parseCount, anySeed)
    .addOption(
      new Option("--faults <kinds>", `with commas between: ${FAULT_KINDS.join(", ")}`).argParser(parseKinds).default(FAULT_KINDS, "all"),
    )
    .option("--rolling", "instead of faults, restart every process in turn: no call may fail", false)
    .addOption(
      new Option("--nats-servers <programs>", "instead of faults, other versions in turn: paths, or releases of Debian as debian:sid")
        .argParser(parseServers)
        .default([], "none"),
    )
    .option("--in-flight <number>", "actions at a time", parseCount, 200)
    .option("--json", "the outcome as one line of JSON", false)
    .option("--logs <file>", "keep what the services print")
    .exitOverride();
  return { logs: undefined, ...command.parse(argv, { from: "user" }).opts<Omit<Options, "logs"> & { logs?: string }>() };
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!(minutes > 0 && minutes <= 24 * 60)) throw new InvalidArgumentError("must be above 0 and at most a day");
  return minutes;
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError("must be a whole number above 0");
  return count;
}

function parseServers(text: string): readonly string[] {
  return text.split(",").map((name) => (name.startsWith("debian:") ? natsServerOf(name.slice("debian:".length)) : name));
}

function parseKinds(text: string): readonly FaultKind[] {
  const kinds = text.split(",").map((name) => name.trim());
  const unknown = kinds.filter((name) => !FAULT_KINDS.some((kind) => kind === name));
  if (unknown.length > 0) throw new InvalidArgumentError(`there is no ${unknown.join(", ")}`);
  return FAULT_KINDS.filter((kind) => kinds.includes(kind));
}
