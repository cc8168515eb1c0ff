import { booleanSetting, ConfigError, portSetting, readConfig } from "@countersign/config";
import { z } from "zod";

const count = z.coerce.number().int().min(1);
const exporter = z.enum(["otlp", "none"], { message: "must be otlp or none" });
const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

const schema = z.object({
  host: z.string().default("127.0.0.1"),
  port: portSetting.optional(),
  tenants: booleanSetting.default(false),
  disabled: booleanSetting.default(false),
  endpoint: z.url().optional(),
  tracesEndpoint: z.url().optional(),
  metricsEndpoint: z.url().optional(),
  // The two others that the standard knows are not built in; silence would look like an empty backend.
  protocol: z.literal("http/protobuf", { message: "must be http/protobuf: it is the only one built in" }).optional(),
  traces: exporter.optional(),
  metrics: exporter.optional(),
  sampler: z.enum(SAMPLERS).optional(),
  samplerRatio: z.coerce.number().min(0).max(1).optional(),
  spanDelayMs: count.default(5000),
  spanQueue: count.default(2048),
  spanBatch: count.default(512),
  metricIntervalMs: count.default(60_000),
});

const VARIABLES = {
  host: "COUNTERSIGN_TELEMETRY_HOST",
  port: "COUNTERSIGN_TELEMETRY_PORT",
  tenants: "COUNTERSIGN_TELEMETRY_TENANTS",
  disabled: "OTEL_SDK_DISABLED",
  endpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
  tracesEndpoint: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
  metricsEndpoint: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
  protocol: "OTEL_EXPORTER_OTLP_PROTOCOL",
  traces: "OTEL_TRACES_EXPORTER",
  metrics: "OTEL_METRICS_EXPORTER",
  sampler: "OTEL_TRACES_SAMPLER",
  samplerRatio: "OTEL_TRACES_SAMPLER_ARG",
  spanDelayMs: "OTEL_BSP_SCHEDULE_DELAY",
  spanQueue: "OTEL_BSP_MAX_QUEUE_SIZE",
  spanBatch: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
  metricIntervalMs: "OTEL_METRIC_EXPORT_INTERVAL",
} as const;

/** Of the traces that begin here, when nobody says which: all of them cost a busy system a few per cent, and a tenth tells as much of it. */
const KEPT = { sampler: "parentbased_traceidratio", samplerRatio: 0.1 } as const;

/** What is measured here, and where it goes. */
export type TelemetrySettings = Readonly<Omit<z.output<typeof schema>, "sampler" | "samplerRatio">> & {
  readonly sampler: (typeof SAMPLERS)[number];
  readonly samplerRatio: number;
  /** Traces go out over OTLP. */ readonly sendTraces: boolean;
  /** Metrics go out over OTLP. */ readonly sendMetrics: boolean;
};

/**
 * | variable | default | meaning |
 * | --- | --- | --- |
 * | COUNTERSIGN_TELEMETRY_PORT | none | port of `/metrics`, `/livez` and `/readyz` (HTTP); 0: a free one; absent: not served |
 * | COUNTERSIGN_TELEMETRY_HOST | 127.0.0.1 | address to listen on; anybody who reaches it may read |
 * | COUNTERSIGN_TELEMETRY_TENANTS | false | true: what is counted of actions has the tenant as a label |
 * | OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, OTEL_EXPORTER_OTLP_METRICS_ENDPOINT | none | where traces and metrics go (http/protobuf); absent: nowhere |
 * | OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER | by the endpoint | `otlp`, or `none` |
 * | OTEL_TRACES_SAMPLER | parentbased_traceidratio | which traces are kept; by default those that come kept from a caller, and a part of those that begin here |
 * | OTEL_TRACES_SAMPLER_ARG | 0.1; 1 beside a named sampler, as the standard says | that part |
 * | OTEL_BSP_SCHEDULE_DELAY, OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BSP_MAX_EXPORT_BATCH_SIZE, OTEL_METRIC_EXPORT_INTERVAL | the standard's | as the standard says |
 * | OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, and what else OTEL_EXPORTER_OTLP_* knows | the standard's | read by the SDK |
 * | OTEL_SDK_DISABLED | false | true: nothing is measured |
 * @throws ConfigError with every problem.
 */
export function readTelemetrySettings(env: NodeJS.ProcessEnv): TelemetrySettings {
  const settings = readConfig(schema, VARIABLES, env);
  if (settings.spanBatch > settings.spanQueue)
    throw new ConfigError(["OTEL_BSP_MAX_EXPORT_BATCH_SIZE: must not be above OTEL_BSP_MAX_QUEUE_SIZE"]);
  const goes = (named: "otlp" | "none" | undefined, endpoint: string | undefined): boolean =>
    !settings.disabled && (named === "otlp" || (named === undefined && (endpoint ?? settings.endpoint) !== undefined));
  const { sampler = KEPT.sampler, samplerRatio = settings.sampler === undefined ? KEPT.samplerRatio : 1 } = settings;
  return Object.freeze({
    ...settings,
    sampler,
    samplerRatio,
    sendTraces: goes(settings.traces, settings.tracesEndpoint),
    sendMetrics: goes(settings.metrics, settings.metricsEndpoint),
  });
}
