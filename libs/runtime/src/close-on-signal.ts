import type { Logger } from "@countersign/telemetry";

/** Something started that can be stopped. */
export type Closeable = { close(): Promise<void> };

/** Within this time a repeated signal is the same wish: Ctrl-C in a terminal reaches a program from the terminal and once more through npm. */
const SAME_WISH_MS = 3000;

/**
 * Closes in order on SIGTERM, SIGINT or SIGHUP, then exits. Repeating the signal at once changes nothing; repeating it later, when closing seems to
 * hang, exits without waiting.
 */
export function closeOnSignal(logger: Logger, parts: readonly Closeable[]): void {
  let since: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (since === undefined) {
      since = performance.now();
      logger.info({ signal }, "closing");
      void closeAndExit(logger, parts);
    } else if (performance.now() - since > SAME_WISH_MS) process.exit(1);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, onSignal);
}

async function closeAndExit(logger: Logger, parts: readonly Closeable[]): Promise<void> {
  let failed = false;
  for (const part of parts) {
    await part.close().catch((err: unknown) => {
      failed = true;
      logger.error({ err }, "closing failed");
    });
  }
  process.exit(failed ? 1 : 0);
}
