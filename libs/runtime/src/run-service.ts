import { ConfigError } from "@countersign/config";
import { createLogger, type Logger } from "@countersign/telemetry";
import { readRuntimeConfig, type RuntimeConfig } from "./config.ts";
import { connectRuntime, type ConnectedRuntime } from "./runtime.ts";

/** Something started that can be stopped. */
export type Closeable = { close(): Promise<void> };

/**
 * Runs one service as a process: reads its settings, connects, starts, and closes in the reverse order on SIGTERM or SIGINT. Everything that is
 * wrong with the settings is printed at once, before anything listens.
 */
export async function runService(
  name: string,
  start: (runtime: ConnectedRuntime, config: RuntimeConfig) => Promise<Closeable>,
  commands: "nats" | "in-process" = "nats",
): Promise<void> {
  try {
    const config = readRuntimeConfig(process.env);
    const logger = createLogger(name, config.logLevel);
    const runtime = await connectRuntime(name, config, logger, commands);
    const service = await start(runtime, config);
    logger.info({ pid: process.pid }, `${name} is ready`);
    closeOnSignal(logger, [service, runtime]);
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof ConfigError ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** Closes in order on the first signal, then exits; a second signal exits at once. */
export function closeOnSignal(logger: Logger, parts: readonly Closeable[]): void {
  let closing = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (closing) process.exit(1);
    closing = true;
    logger.info({ signal }, "closing");
    closeAll(parts).then(
      () => process.exit(0),
      (err: unknown) => {
        logger.error({ err }, "closing failed");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

async function closeAll(parts: readonly Closeable[]): Promise<void> {
  for (const part of parts) await part.close();
}
