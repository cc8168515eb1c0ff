import { Command } from "commander";
import { curveCommand } from "./curve/curve-command.ts";
import { parseDelay } from "./fsync-delay/delay.ts";
import { runDelayed } from "./fsync-delay/run-again.ts";
import { logCommand } from "./log/log-command.ts";
import { memoryCommand } from "./memory/memory-command.ts";
import { crowdCommand } from "./overload/crowd-command.ts";
import { overloadCommand } from "./overload/overload-command.ts";
import { compareCommand } from "./peers/compare-command.ts";
import { rawCommand } from "./raw/raw-command.ts";
import { runCommand } from "./run-command.ts";
import { sizeCommand } from "./size/size-command.ts";
import { telemetryCommand } from "./telemetry/telemetry-command.ts";

await new Command("bench")
  .description("What complete actions cost, everything included, durable commits on.")
  .option("--fsync-delay <time>", "make every fsync and fdatasync of every process so much slower, as on a cloud disk: 1ms", parseDelay)
  .configureHelp({ showGlobalOptions: true })
  .addCommand(runCommand(), { isDefault: true })
  .addCommand(compareCommand())
  .addCommand(logCommand())
  .addCommand(sizeCommand())
  .addCommand(telemetryCommand())
  .addCommand(overloadCommand())
  .addCommand(crowdCommand())
  .addCommand(curveCommand())
  .addCommand(memoryCommand())
  .addCommand(rawCommand())
  .hook("preAction", async (bench) => {
    const { fsyncDelay } = bench.opts<{ fsyncDelay?: number }>();
    if (fsyncDelay !== undefined) process.exit(await runDelayed(fsyncDelay, process.argv.slice(2)));
  })
  .parseAsync();
