/**
 * What a call costs with its spans (call, command, append, publish), stage by stage: CPU of this process, in turns, medians. `PROCESSES=1`: as with a process per service,
 * where a command is a span of its own. No network but for `SINK=<url of a collector>`.
 * `node libs/telemetry/bench/spans.ts [turns]`
 */
import { setImmediate as later } from "node:timers/promises";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider, type ReadableSpan, type SpanExporter } from "@opentelemetry/sdk-trace";
import { measureWith } from "../src/current.ts";
import { samplingOf } from "../src/sampler.ts";
import { beginSpan, inSpan, isSampled, startSpan, tellSpan, traceparentOf } from "../src/spans.ts";

const CALLS = 4096;
const AT_ONCE = 32;
const SPANS = 4;
const TURNS = Number(process.argv[2] ?? 9);
const APART = process.env["PROCESSES"] === "1";
const sink = process.env["SINK"];

class ThrownAway extends InMemorySpanExporter {
  override export(_spans: ReadableSpan[], done: Parameters<InMemorySpanExporter["export"]>[1]): void {
    super.export([], done);
  }
}

const trace = (samplerRatio: number, exporter?: SpanExporter) => (): void => {
  const spanProcessors = exporter === undefined ? [] : [new BatchSpanProcessor({ exporter, maxQueueSize: 2 * CALLS * SPANS })];
  const sampling = samplingOf({ sampler: "parentbased_traceidratio", samplerRatio });
  const provider = new TracerProvider({ sampler: sampling.sampler, spanProcessors });
  measureWith({ tracer: provider.getTracer("bench"), sampling });
};

const stages: Readonly<Record<string, () => void>> = {
  off: () => measureWith({}),
  "none kept": trace(0),
  made: trace(1),
  "made, in batches": trace(1, new ThrownAway()),
  ...(sink === undefined ? {} : { "made and sent": trace(1, new OTLPTraceExporter({ url: sink })) }),
};

const METHOD = "countersign.v1.ActionService/RequestAction";
const CALL = { kind: "server", attributes: { "rpc.method": METHOD } } as const;

function call(id: string): Promise<void> {
  return inSpan(beginSpan(METHOD, CALL, ""), async (server) => {
    await command(id, server === undefined ? "" : traceparentOf(server));
    server?.setAttribute("rpc.response.status_code", "OK");
  });
}

function command(id: string, parent: string): Promise<void> {
  if (!APART) {
    tellSpan("approval.RequestAction");
    return append(id, parent);
  }
  const handler = startSpan("approval.RequestAction", { kind: "server" }, parent);
  return inSpan(handler, () => append(id, handler === undefined ? parent : traceparentOf(handler)));
}

async function append(id: string, parent: string): Promise<void> {
  if (isSampled(parent)) {
    const attributes = { "db.system.name": "postgresql", "countersign.stream.id": id };
    await inSpan(startSpan("append action", { kind: "client", attributes }, parent), () => later());
  } else await later();
  if (isSampled(parent)) startSpan("publish events", { kind: "producer", attributes: { "messaging.system.name": "nats" } }, parent)?.end();
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
