import { Option } from "commander";
import type { Layout } from "./system.ts";

export const LAYOUTS: readonly Layout[] = ["one-process", "process-per-service"];

/** `--layout`, with a default or without one. */
export function layoutOption(preset?: Layout): Option {
  const option = new Option("--layout <layout>", "modules of one process, or a process per service").choices([...LAYOUTS]);
  return preset === undefined ? option : option.default(preset);
}
