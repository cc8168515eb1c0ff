import { run } from "./program.ts";

const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
// A reader that went away, as in `countersign events | head`, is no error of ours.
process.stdout.on("error", () => process.exit(0));
const code = await run(process.argv.slice(2), { out: process.stdout, env: process.env, signal: interrupted.signal }, process.stderr);
process.exitCode = process.exitCode ?? code;
