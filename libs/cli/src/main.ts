import { askAtTerminal } from "./ask.ts";
import { run } from "./program.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
// A reader that went away, as in `countersign events | head`, is no error of ours.
process.stdout.on("error", () => process.exit(0));
const io = {
  out: process.stdout,
  env: process.env,
  ask: process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : undefined,
  signal: interrupted.signal,
};
process.exitCode = await run(process.argv.slice(2), io, process.stderr);
