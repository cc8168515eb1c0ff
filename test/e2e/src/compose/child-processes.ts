import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { startReaper } from "@countersign/embedded";
import { COMPILE_CACHE } from "@countersign/standalone";

/** What is done in the end, last first. */
export type Endings = (() => Promise<unknown> | void)[];

/** Programs that end with the test, however it ends. */
export type ChildProcesses = {
  /** Resolves once the program has printed that it is ready. @throws when it ends before. */
  start(child: {
    readonly name: string;
    readonly program: string;
    readonly args: readonly string[];
    readonly env: NodeJS.ProcessEnv;
    /** What it prints on standard error. */
    readonly ready: string;
  }): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(name: string): Promise<void>;
};

export function childProcesses(endings: Endings): ChildProcesses {
  const running = new Map<string, { readonly child: ChildProcess; readonly gone: Promise<unknown> }>();
  return {
    start: ({ name, program, args, env, ready }) => {
      const child = spawn(program, args, {
        env: { PATH: process.env["PATH"], ...COMPILE_CACHE, ...env },
        stdio: ["ignore", "ignore", "pipe"],
        detached: true,
      });
      const gone = once(child, "exit");
      const reaper = startReaper({ pid: child.pid ?? 0, signal: "QUIT" });
      running.set(name, { child, gone });
      endings.push(async () => {
        child.kill("SIGKILL");
        await gone;
        reaper.dismiss();
      });
      return untilPrinted(child, name, ready);
    },
    kill: async (name) => {
      const victim = running.get(name);
      victim?.child.kill("SIGKILL");
      await victim?.gone;
    },
  };
}

async function untilPrinted(child: ChildProcess, name: string, wanted: string): Promise<void> {
  let printed = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}:\n${printed}`)));
    child.stderr?.on("data", (chunk: Buffer) => {
      printed = (printed + chunk.toString()).slice(-4000);
      if (printed.includes(wanted)) resolve();
    });
  });
}
