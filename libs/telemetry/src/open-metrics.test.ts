import { context, trace, TraceFlags } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { AggregationTemporality, MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { afterEach, expect, it } from "vitest";
import { Meter } from "./meter.ts";
import { familyName, openMetrics } from "./open-metrics.ts";

class Reader extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

afterEach(() => context.disable());

it("writes counters, gauges and histograms, with the trace of a measurement beside its bucket", async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const meter = new Meter();
  const reader = new Reader({ metricProducers: [meter.producer(AggregationTemporality.CUMULATIVE)] });
  const provider = new MeterProvider({ resource: resourceFromAttributes({ "service.name": "gateway" }), readers: [reader] });
  meter.counter("countersign.grants", 'a "quoted"\nline').add(2, { "countersign.outcome": 'is"sued\n' });
  provider
    .getMeter("test")
    .createObservableGauge("countersign.relay.lag", { unit: "s" })
    .addCallback((result) => result.observe(1.5));
  const timing = meter.timing("rpc.server.call.duration", "calls", [0.1, 1]);
  const span = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", traceFlags: TraceFlags.SAMPLED };
  timing.record(0.05, { "rpc.method": "m" });
  context.with(trace.setSpanContext(context.active(), span), () => timing.record(0.1, { "rpc.method": "m" }));
  context.with(trace.setSpanContext(context.active(), { ...span, traceFlags: TraceFlags.NONE }), () =>
    timing.record(7, { "rpc.method": "m" }),
  );
  const text = openMetrics((await reader.collect()).resourceMetrics).replace(/\d+\.\d{3}\n/, "AT\n");
  expect(text).toBe(`# TYPE target info
# HELP target Who tells this
target_info{service_name="gateway"} 1
# TYPE countersign_relay_lag_seconds gauge
# HELP countersign_relay_lag_seconds 
countersign_relay_lag_seconds 1.5
# TYPE countersign_grants counter
# HELP countersign_grants a \\"quoted\\"\\nline
countersign_grants_total{countersign_outcome="is\\"sued\\n"} 2
# TYPE rpc_server_call_duration_seconds histogram
# HELP rpc_server_call_duration_seconds calls
rpc_server_call_duration_seconds_bucket{rpc_method="m",le="0.1"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c",span_id="b7ad6b7169203331"} 0.1 AT
rpc_server_call_duration_seconds_bucket{rpc_method="m",le="1.0"} 2
rpc_server_call_duration_seconds_bucket{rpc_method="m",le="+Inf"} 3
rpc_server_call_duration_seconds_sum{rpc_method="m"} 7.15
rpc_server_call_duration_seconds_count{rpc_method="m"} 3
# EOF
`);
});

it.each([
  ["process.memory.usage", "By", "process_memory_usage_bytes"],
  ["nodejs.eventloop.utilization", "1", "nodejs_eventloop_utilization_ratio"],
  ["a.wait.seconds", "s", "a_wait_seconds"],
  ["countersign.dead_letters", "", "countersign_dead_letters"],
])("%s in %s is %s", (name, unit, family) => expect(familyName(name, unit)).toBe(family));
