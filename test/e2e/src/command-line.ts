import { run } from "@countersign/cli";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import type { Stack } from "./stack.ts";

/** What a command printed, and its exit code. */
export type CommandResult = { readonly code: number; readonly out: string; readonly err: string };

/** Runs the command line client in this process. */
export async function countersign(
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly signal?: AbortSignal;
    readonly columns?: number;
    readonly onOut?: (all: string) => void;
  } = {},
): Promise<CommandResult> {
  let out = "";
  let err = "";
  const io = {
    out: {
      write: (text: string) => {
        out += text;
        options.onOut?.(out);
      },
      columns: options.columns ?? 100,
    },
    env: options.env ?? {},
    signal: options.signal ?? new AbortController().signal,
  };
  const code = await run(args, io, { write: (text: string) => (err += text) });
  return { code, out, err };
}

/** A command of one of the development cast on a stack. */
export async function commandOn({ address, issuer }: Stack, name: DevelopmentName, ...args: readonly string[]): Promise<CommandResult> {
  const token = await issuer.mint(DEVELOPMENT_PRINCIPALS[name]);
  return countersign(args, { env: { COUNTERSIGN_ADDRESS: address, COUNTERSIGN_TOKEN: token } });
}

/** Commands of one of the development cast on the `npm start` that runs on a data directory. */
export function asUser(name: string, dataDir: string): (...args: readonly string[]) => Promise<CommandResult> {
  return (...args) => countersign([...args, "--as", name, "--data-dir", dataDir]);
}
