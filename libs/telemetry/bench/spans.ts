/**
 * What a call costs with its spans (call, command, append, publish), stage by stage: CPU of this process, in turns, medians. No network but for `SINK=<url of a collector>`.
 * `node libs/telemetry/bench/spans.ts [turns]`
 */
import { setImmediate as later } from "node:timers/promises";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import { measureWith } from "../src/current.ts";
import { samplerOf } from "../src/sampler.ts";
import { inSpan, startSpan, traceparentOf } from "../src/spans.ts";

const CALLS = 4096;
const AT_ONCE = 32;
const SPANS = 4;
const TURNS = Number(process.argv[2] ?? 9);
const sink = process.env["SINK"];

class ThrownAway extends InMemorySpanExporter {
  override export(_spans: ReadableSpan[], done: Parameters<InMemorySpanExporter["export"]>[1]): void {
    super.export([], done);
  }
}

const trace = (samplerRatio: number, exporter?: SpanExporter) => (): void => {
  const spanProcessors = exporter === undefined ? [] : [new BatchSpanProcessor({ exporter, maxQueueSize: 2 * CALLS * SPANS })];
  const provider = new TracerProvider({ sampler: samplerOf({ sampler: "parentbased_traceidratio", samplerRatio }), spanProcessors });
  measureWith({ tracer: provider.getTracer("bench"), followsParents: true });
};

const stages: Readonly<Record<string, () => void>> = {
  off: () => measureWith({}),
  "none kept": trace(0),
  made: trace(1),
  "made, in batches": trace(1, new ThrownAway()),
  ...(sink === undefined ? {} : { "made and sent": trace(1, new OTLPTraceExporter({ url: sink })) }),
};

async function call(id: string): Promise<void> {
  const method = "countersign.v1.ActionService/RequestAction";
  await inSpan(method, { kind: "server", attributes: { "rpc.method": method }, parent: "" }, async (server) => {
    const command = server === undefined ? "" : traceparentOf(server);
    await inSpan("approval.RequestAction", { kind: "server", parent: command }, async (handler) => {
      const parent = handler === undefined ? command : traceparentOf(handler);
      const attributes = { "db.system.name": "postgresql", "db.operation.name": "append", "countersign.stream.id": id };
      await inSpan("append action", { kind: "client", parent, attributes }, () => later());
      startSpan("publish events", { kind: "producer", parent, attributes: { "messaging.system.name": "nats" } })?.end();
    });
    server?.setAttribute("rpc.response.status_code", "OK");
  });
}

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const micros = new Map<string, number[]>();
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const [stage, begin] of Object.entries(stages)) {
    begin();
    const before = process.cpuUsage();
    for (let done = 0; done < CALLS; done += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => call(`0199-${done + index}`)));
    const { user, system } = process.cpuUsage(before);
    micros.set(stage, [...(micros.get(stage) ?? []), (user + system) / CALLS]);
  }
}
for (const [stage, turns] of micros) {
  const warm = turns.slice(2).toSorted((a, b) => a - b);
  const [least = Number.NaN] = warm;
  const median = warm[Math.floor(warm.length / 2)] ?? Number.NaN;
  process.stdout.write(`${stage.padEnd(18)} ${median.toFixed(1)} us a call, at least ${least.toFixed(1)}\n`);
}
