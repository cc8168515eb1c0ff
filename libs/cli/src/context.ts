import type { Readable } from "node:stream";
import type { CountersignClient } from "@countersign/client";
import type { Command } from "commander";
import { createOutput, type Output } from "./output.ts";
import { openSession, type SessionOptions } from "./session.ts";

/** What the program talks to. Tests hand in their own. */
export type Io = {
  readonly out: { write(text: string): unknown; readonly columns?: number | undefined };
  /** What others write to us; absent: nobody does. */
  readonly input?: Readable | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Asks whoever sits at the terminal; absent: nobody does. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
  /** Ends what would go on for ever (watch, follow). */
  readonly signal: AbortSignal;
};

/** What a command works with. */
export type Context = {
  readonly client: CountersignClient;
  readonly output: Output;
  readonly columns: number;
  /** How this program was called, and as whom, for what is printed to be copied. */
  readonly command: string;
  readonly signal: AbortSignal;
};

/** The global options of the program that `command` belongs to. */
export function globalOptions(command: Command): SessionOptions & { readonly json?: boolean } {
  return command.optsWithGlobals<SessionOptions & { readonly json?: boolean }>();
}

/** Opens a client by the global options for the time of `work`. */
export async function withContext(command: Command, io: Io, work: (context: Context) => Promise<void>): Promise<void> {
  const options = globalOptions(command);
  const client = await openSession(options, io.env);
  try {
    const output = createOutput(io.out, options.json === true);
    const called = io.env["npm_lifecycle_event"] === "countersign" ? "npm run countersign --" : "countersign";
    const asSame = options.as === undefined ? called : `${called} --as ${options.as}`;
    await work({ client, output, columns: io.out.columns ?? 120, command: asSame, signal: io.signal });
  } finally {
    client.close();
  }
}
