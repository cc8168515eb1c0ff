import type { Writable } from "node:stream";

/** As the shell says it of a program that SIGPIPE ended. */
const READER_GONE = 141;

/**
 * Ends the program when `out` cannot be written any more: what was not printed was not said, so that is never a success. A reader that went away, as in
 * `countersign events tail | head`, is not worth a word.
 */
export function endWhenBroken(out: Writable, err: { write(text: string): unknown }, exit: (code: number) => void): void {
  out.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return exit(READER_GONE);
    err.write(`cannot print: ${error.message}\n`);
    exit(1);
  });
}
