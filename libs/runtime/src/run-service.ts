import { ConfigError } from "@countersign/config";
import { createLogger, startTelemetry } from "@countersign/telemetry";
import { closeOnSignal, type Closeable } from "./close-on-signal.ts";
import { readRuntimeConfig, type RuntimeConfig } from "./config.ts";
import { connectRuntime, type ConnectedRuntime, type RuntimeOptions } from "./runtime.ts";
import { UnreachableError } from "./unreachable.ts";

/**
 * Runs one service as a process: reads its settings, connects, starts, and closes in the reverse order on SIGTERM or SIGINT. Everything that is
 * wrong with the settings is printed at once, before anything listens.
 */
export async function runService(
  name: string,
  start: (runtime: ConnectedRuntime, config: RuntimeConfig) => Promise<Closeable>,
  options: RuntimeOptions = { commands: "nats", relay: false },
): Promise<void> {
  try {
    const config = readRuntimeConfig(process.env);
    const logger = createLogger(name, config.logLevel);
    const telemetry = await startTelemetry(name, process.env);
    if (telemetry.address !== undefined) logger.info({ address: telemetry.address }, "metrics and probes are served");
    const runtime = await connectRuntime(name, config, logger, { ...options, readiness: telemetry.readiness });
    const service = await start(runtime, config);
    closeOnSignal(logger, [service, runtime, telemetry]);
    logger.info({ pid: process.pid }, `${name} is ready`);
  } catch (error) {
    process.stderr.write(`${name}: ${isSelfExplaining(error) ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** An error whose message is all that whoever starts a program needs to read. */
export function isSelfExplaining(error: unknown): error is ConfigError | UnreachableError {
  return error instanceof ConfigError || error instanceof UnreachableError;
}
