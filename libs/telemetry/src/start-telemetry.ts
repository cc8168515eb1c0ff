import { measureWith } from "./current.ts";
import { startEndpoint } from "./endpoint.ts";
import { Readiness } from "./readiness.ts";
import { readTelemetrySettings } from "./settings.ts";

const PATIENCE_MS = 3000;

/** Telemetry of this process. */
export type Telemetry = {
  /** host:port of `/metrics`, `/livez` and `/readyz`, if they are served. */
  readonly address: string | undefined;
  readonly readiness: Readiness;
  /** Sends what is left. */
  close(): Promise<void>;
};

/**
 * Begins to measure this process as its environment asks for; see `readTelemetrySettings`. Before anything else is started: who makes instruments earlier measures
 * nothing. Without any setting nothing is loaded: a process is spared 9 MB and a quarter of a second of its start.
 * @throws ConfigError with every problem, or when the port cannot be bound
 */
export async function startTelemetry(service: string, env: NodeJS.ProcessEnv): Promise<Telemetry> {
  const settings = readTelemetrySettings(env);
  const readiness = new Readiness();
  const endings: (() => unknown)[] = [];
  const measures = (settings.port !== undefined && !settings.disabled) || settings.sendMetrics || settings.sendTraces;
  const scrape = measures ? (await import("./start-measuring.ts")).startMeasuring(service, settings, readiness, endings) : undefined;
  const endpoint =
    settings.port === undefined
      ? undefined
      : await startEndpoint({ host: settings.host, port: settings.port, readiness, ...(scrape === undefined ? {} : { metrics: scrape }) });
  return {
    address: endpoint?.address,
    readiness,
    close: async () => {
      await endpoint?.close();
      measureWith({});
      for (const end of endings.toReversed()) await inTime(end);
    },
  };
}

/** A collector that is away must not keep a program from ending. */
async function inTime(end: () => unknown): Promise<void> {
  const late = new Promise<void>((resolve) => {
    setTimeout(resolve, PATIENCE_MS).unref();
  });
  const ended = Promise.resolve()
    .then(end)
    .catch(() => {});
  await Promise.race([ended, late]);
}
