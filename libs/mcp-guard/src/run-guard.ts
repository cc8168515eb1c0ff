import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import type { CountersignClient } from "@countersign/client";
import { CountersignAsker, type Asking } from "./ask-countersign.ts";
import { Guard } from "./guard.ts";
import { eachLine } from "./lines.ts";

/** How an MCP server is started. */
export type ServerProgram = { readonly command: string; readonly args: readonly string[]; readonly env: NodeJS.ProcessEnv };

/** Who talks to it: standard input and output, as a rule. */
export type Host = {
  readonly input: Readable;
  readonly output: { write(text: string): unknown };
  /** Ends the guard, as the end of the input does. */
  readonly signal: AbortSignal;
};

/** How long the end may take: of what still runs when the host is gone, then of the server after its input ended, and once more after SIGTERM. */
const GRACE_MS = 5000;

/**
 * Starts an MCP server and stands between it and its host until one of them ends. What the server writes to standard error goes to ours; of our environment it gets
 * all but Countersign's own settings, as the token in there is none of its business.
 * @throws Error when the server cannot be started, or ends by itself with another exit code than 0.
 */
export async function runGuard(program: ServerProgram, host: Host, client: CountersignClient, asking: Asking): Promise<void> {
  const server = spawn(program.command, program.args, { stdio: ["pipe", "pipe", "inherit"], env: withoutOurs(program.env) });
  await once(server, "spawn");
  const ended = once(server, "close") as Promise<[code: number | null, signal: string | null]>;
  // It may have ended by the time that something is written: `ended` says so.
  server.stdin.on("error", () => {});
  const asker = new CountersignAsker(client, asking);
  const guard = new Guard(
    { toHost: (line) => void host.output.write(`${line}\n`), toServer: (line) => void server.stdin.write(`${line}\n`) },
    asker.ask,
  );
  void eachLine(server.stdout, (line) => guard.fromServer(line));
  const input = eachLine(host.input, (line) => guard.fromHost(line));
  const first = await Promise.race([ended, input, aborted(host.signal)]);
  host.input.destroy();
  if (first === undefined) {
    // What runs may still end well, and be reported as that.
    await Promise.race([guard.hostEnded(), after(GRACE_MS, undefined, { ref: false })]);
    await stop(server, ended);
  }
  guard.serverEnded();
  await guard.hostEnded();
  await asker.close();
  if (first === undefined) return;
  const [code, signal] = first;
  if (code !== 0) throw new Error(`the MCP server ended with ${code === null ? signal : `exit code ${code}`}`);
}

/** As MCP's stdio transport ends a server: its input ends, then it is asked, then killed. */
async function stop(server: ChildProcess, ended: Promise<unknown>): Promise<void> {
  server.stdin?.end();
  const signals: NodeJS.Signals[] = ["SIGTERM", "SIGKILL"];
  const impatient = setInterval(() => server.kill(signals.shift() ?? "SIGKILL"), GRACE_MS);
  await ended;
  clearInterval(impatient);
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}

function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith("COUNTERSIGN_")));
}
