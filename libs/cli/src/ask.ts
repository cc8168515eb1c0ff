import { createInterface } from "node:readline/promises";

/** Asks at the terminal, beside what goes to stdout. */
export async function askAtTerminal(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
