import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
  type Resource,
} from "@opentelemetry/resources";
import {
  AggregationTemporality,
  InstrumentType,
  MeterProvider,
  MetricReader,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { measureWith } from "./current.ts";
import { Gauges } from "./gauges.ts";
import { createInstruments } from "./instruments.ts";
import { Meter } from "./meter.ts";
import { openMetrics } from "./open-metrics.ts";
import { observeProcess } from "./process-gauges.ts";
import { observeReadiness } from "./readiness-gauge.ts";
import type { Readiness } from "./readiness.ts";
import { samplingOf, type Sampling } from "./sampler.ts";
import type { TelemetrySettings } from "./settings.ts";

const EXPORT_MS = 30_000;
const COLLECT_MS = 3000;

/**
 * The part that needs the OpenTelemetry SDK, which is loaded when something is measured.
 * @param endings told what sends what is left.
 * @returns what answers a scrape, if anybody may scrape
 */
export function startMeasuring(
  service: string,
  settings: TelemetrySettings,
  readiness: Readiness,
  endings: (() => unknown)[],
): (() => Promise<string>) | undefined {
  const scraped = settings.port !== undefined && !settings.disabled;
  const measures = scraped || settings.sendMetrics;
  const resource = resourceOf(service);
  const gauges = new Gauges();
  const meter = new Meter();
  const scraper = new Scraper({ metricProducers: [meter.producer(AggregationTemporality.CUMULATIVE), gauges] });
  const sampling = samplingOf(settings);
  const tracer = settings.sendTraces ? startTracing(resource, settings, sampling, endings) : undefined;
  if (measures) {
    const provider = new MeterProvider({ resource, readers: [...(scraped ? [scraper] : []), ...periodicReaders(settings, meter, gauges)] });
    endings.push(() => provider.shutdown());
  }
  measureWith({
    ...(measures ? { gauges, instruments: createInstruments(meter) } : {}),
    ...(tracer === undefined ? {} : { tracer, sampling }),
    tenants: settings.tenants,
  });
  if (measures) endings.push(observeProcess(), observeReadiness(readiness));
  return scraped ? async () => openMetrics((await scraper.collect({ timeoutMillis: COLLECT_MS })).resourceMetrics) : undefined;
}

function periodicReaders(
  { sendMetrics, metricIntervalMs }: TelemetrySettings,
  meter: Meter,
  gauges: Gauges,
): PeriodicExportingMetricReader[] {
  if (!sendMetrics) return [];
  const timing = { exportIntervalMillis: metricIntervalMs, exportTimeoutMillis: Math.min(metricIntervalMs, EXPORT_MS) };
  const exporter = new OTLPMetricExporter();
  const measured = meter.producer(exporter.selectAggregationTemporality(InstrumentType.HISTOGRAM));
  return [new PeriodicExportingMetricReader({ exporter, metricProducers: [measured, gauges], ...timing })];
}

function startTracing(
  resource: Resource,
  { spanDelayMs, spanQueue, spanBatch }: TelemetrySettings,
  { sampler }: Sampling,
  endings: (() => unknown)[],
) {
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter(),
    scheduledDelayMillis: spanDelayMs,
    maxQueueSize: spanQueue,
    maxExportBatchSize: spanBatch,
  });
  const provider = new TracerProvider({ resource, sampler, spanProcessors: [processor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  endings.push(() =>
    provider.shutdown().finally(() => {
      trace.disable();
      context.disable();
    }),
  );
  return provider.getTracer("countersign");
}

/** The environment's attributes win over the name given here. */
function resourceOf(service: string): Resource {
  const named = resourceFromAttributes({
    "service.namespace": "countersign",
    "service.name": service,
    "service.instance.id": `${process.pid}`,
  });
  return defaultResource()
    .merge(named)
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
}

/** Collects when it is asked to. */
class Scraper extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}
