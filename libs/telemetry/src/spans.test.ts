import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { measureWith } from "./current.ts";
import { samplerOf } from "./sampler.ts";
import { inSpan, isSampled, mayTrace, startSpan, traceparentOf } from "./spans.ts";
import { currentTraceparent, isTraceparent, readTraceparent } from "./traceparent.ts";

const KEPT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const LEFT_OUT = KEPT.replace(/01$/, "00");

/** Keeps this part of the traces that begin here, and what came with a trace as it came. */
function keep(samplerRatio: number): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const sampler = samplerOf({ sampler: "parentbased_traceidratio", samplerRatio });
  const provider = new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  measureWith({ tracer: provider.getTracer("test"), followsParents: true });
  return exporter;
}

afterEach(() => {
  measureWith({});
  context.disable();
});

describe("a traceparent", () => {
  it("is read by the letter, whatever was read before", () => {
    const form = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
    const digits = (length: number) => fc.stringMatching(new RegExp(`^(0{${length}}|[0-9a-f]{${length}}|[0-9a-fA-Fx]{${length}})$`));
    const alike = fc.tuple(digits(32), digits(16), digits(2)).map(([trace, span, flags]) => `00-${trace}-${span}-${flags}`);
    fc.assert(
      fc.property(fc.oneof(alike, fc.string()), (text) => {
        for (const each of [text, KEPT, text, text]) expect(isTraceparent(each)).toBe(form.test(each));
      }),
    );
    const named = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331", isRemote: true };
    expect(readTraceparent(KEPT)).toEqual({ ...named, traceFlags: 1 });
    expect(readTraceparent(LEFT_OUT)).toEqual({ ...named, traceFlags: 0 });
    expect([readTraceparent(""), readTraceparent(`${KEPT}\n`)]).toEqual([undefined, undefined]);
  });
});

describe("spans", () => {
  it("of one trace name each other, across links too", async () => {
    const exporter = keep(0);
    const seen = await inSpan("outer", { parent: KEPT, kind: "server", attributes: { a: 1 } }, async (outer) => {
      const inner = startSpan("inner", { links: [KEPT, "nonsense", KEPT] });
      inner?.end();
      return [currentTraceparent(), outer === undefined ? "" : traceparentOf(outer)];
    });
    const [inner, outer] = exporter.getFinishedSpans();
    expect(outer).toMatchObject({ name: "outer", attributes: { a: 1 }, parentSpanContext: { spanId: "b7ad6b7169203331" } });
    expect(inner?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(inner?.links.map((link) => link.context.spanId)).toEqual(["b7ad6b7169203331"]);
    expect(seen[0]).toBe(seen[1]);
    expect(isSampled(seen[0] ?? "")).toBe(true);
  });

  it("of a trace that its caller does not keep are not made, and what it came with goes on", async () => {
    const exporter = keep(1);
    expect([startSpan("x", { parent: LEFT_OUT }), mayTrace(LEFT_OUT), isSampled(LEFT_OUT)]).toEqual([undefined, false, false]);
    expect([mayTrace(KEPT), mayTrace("")]).toEqual([true, true]);
    expect([KEPT, KEPT.replace(/01$/, "0b"), KEPT.replace(/01$/, "0a"), "", "nonsense"].map(isSampled)).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it("below one that is left out are not made either, by its text or as the active one", async () => {
    const exporter = keep(0);
    await inSpan("root", { parent: "" }, async (root) => {
      const text = currentTraceparent();
      expect(text).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
      expect(root?.isRecording()).toBe(false);
      expect([startSpan("active", {}), startSpan("by text", { parent: text })]).toEqual([undefined, undefined]);
    });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
