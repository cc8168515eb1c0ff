import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from "@opentelemetry/sdk-trace";
import { measureWith } from "./current.ts";

/** Keeps every span that this process makes until it is closed. */
export function recordSpans(): { spans(): readonly ReadableSpan[]; close(): void } {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  measureWith({ tracer: provider.getTracer("test") });
  return {
    spans: () => exporter.getFinishedSpans(),
    close: () => {
      measureWith({});
      context.disable();
    },
  };
}
