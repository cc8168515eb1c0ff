import { Command } from "commander";
import { logCommand } from "./log/log-command.ts";
import { crowdCommand } from "./overload/crowd-command.ts";
import { overloadCommand } from "./overload/overload-command.ts";
import { compareCommand } from "./peers/compare-command.ts";
import { runCommand } from "./run-command.ts";
import { sizeCommand } from "./size/size-command.ts";
import { telemetryCommand } from "./telemetry/telemetry-command.ts";

await new Command("bench")
  .description("What complete actions cost, everything included, durable commits on.")
  .addCommand(runCommand(), { isDefault: true })
  .addCommand(compareCommand())
  .addCommand(logCommand())
  .addCommand(sizeCommand())
  .addCommand(telemetryCommand())
  .addCommand(overloadCommand())
  .addCommand(crowdCommand())
  .parseAsync();
