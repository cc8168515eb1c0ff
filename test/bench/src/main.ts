import { Command } from "commander";
import { logCommand } from "./log/log-command.ts";
import { compareCommand } from "./peers/compare-command.ts";
import { runCommand } from "./run-command.ts";

await new Command("bench")
  .description("What complete actions cost, everything included, durable commits on.")
  .addCommand(runCommand(), { isDefault: true })
  .addCommand(compareCommand())
  .addCommand(logCommand())
  .parseAsync();
