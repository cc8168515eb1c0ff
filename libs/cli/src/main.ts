import { askAtTerminal } from "./ask.ts";
import { endWhenBroken } from "./broken-output.ts";
import { run } from "./program.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
endWhenBroken(process.stdout, process.stderr, (code) => process.exit(code));
const io = {
  out: process.stdout,
  input: process.stdin,
  env: process.env,
  ask: process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : undefined,
  signal: interrupted.signal,
};
process.exitCode = await run(process.argv.slice(2), io, process.stderr);
