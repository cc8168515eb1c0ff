import { ConfigError } from "@countersign/config";
import { createLogger, startTelemetry, type Logger, type Readiness } from "@countersign/telemetry";
import { connectBus, type ConnectedBus } from "./bus-runtime.ts";
import { closeOnSignal, type Closeable } from "./close-on-signal.ts";
import { readBusConfig, readRuntimeConfig, type BusConfig } from "./config.ts";
import { connectRuntime, type ConnectedRuntime, type RuntimeOptions } from "./runtime.ts";
import { UnreachableError } from "./unreachable.ts";

/**
 * Runs one service as a process: reads its settings, connects, starts, and closes in the reverse order on SIGTERM or SIGINT. Everything that is
 * wrong with the settings is printed at once, before anything listens.
 */
export function runService(
  name: string,
  start: (runtime: ConnectedRuntime) => Promise<Closeable>,
  options: RuntimeOptions = { commands: "nats", relay: false },
): Promise<void> {
  return run(
    name,
    readRuntimeConfig,
    (config, logger, readiness) => connectRuntime(name, config, logger, { ...options, readiness }),
    start,
  );
}

/** `runService` for one that stands on the bus alone: it has no database, and no append key. */
export function runBusService(name: string, start: (runtime: ConnectedBus) => Promise<Closeable>): Promise<void> {
  return run(name, readBusConfig, (config, logger, readiness) => connectBus(name, config, logger, { commands: "nats", readiness }), start);
}

async function run<Config extends BusConfig, Connected extends Closeable>(
  name: string,
  read: (env: NodeJS.ProcessEnv) => Config,
  connect: (config: Config, logger: Logger, readiness: Readiness) => Promise<Connected>,
  start: (connected: Connected) => Promise<Closeable>,
): Promise<void> {
  try {
    const config = read(process.env);
    const logger = createLogger(name, config.logLevel);
    const telemetry = await startTelemetry(name, process.env);
    if (telemetry.address !== undefined) logger.info({ address: telemetry.address }, "metrics and probes are served");
    const connected = await connect(config, logger, telemetry.readiness);
    const service = await start(connected);
    closeOnSignal(logger, [service, connected, telemetry]);
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
