import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { measureWith } from "./current.ts";
import { samplingOf } from "./sampler.ts";
import type { TelemetrySettings } from "./settings.ts";
import { beginSpan, inSpan, isSampled, startSpan, tellSpan, traceparentOf, within } from "./spans.ts";
import { currentTraceparent, isTraceparent, readTraceparent } from "./traceparent.ts";

const KEPT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const LEFT_OUT = KEPT.replace(/01$/, "00");

/** Keeps this part of the traces that begin here, and what came with a trace as it came. */
function keep(samplerRatio: number, sampler: TelemetrySettings["sampler"] = "parentbased_traceidratio"): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const sampling = samplingOf({ sampler, samplerRatio });
  const provider = new TracerProvider({ sampler: sampling.sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  measureWith({ tracer: provider.getTracer("test"), sampling });
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
    const outer = beginSpan("outer", { kind: "server", attributes: { a: 1 } }, KEPT);
    const seen = await inSpan(outer, async (span) => {
      expect(tellSpan("told", { b: 2 })).toBe(true);
      startSpan("inner", { links: [KEPT, "nonsense", KEPT] })?.end();
      return [currentTraceparent(), span === undefined ? "" : traceparentOf(span)];
    });
    const [inner, ended] = exporter.getFinishedSpans();
    expect(ended).toMatchObject({ name: "outer", attributes: { a: 1 }, parentSpanContext: { spanId: "b7ad6b7169203331" } });
    expect(ended?.events).toMatchObject([{ name: "told", attributes: { b: 2 } }]);
    expect(inner?.parentSpanContext?.spanId).toBe(ended?.spanContext().spanId);
    expect(inner?.links.map((link) => link.context.spanId)).toEqual(["b7ad6b7169203331"]);
    expect(seen[0]).toBe(seen[1]);
    expect(isSampled(seen[0] ?? "")).toBe(true);
  });

  it("are told nothing once they are over", () => {
    keep(1);
    const span = beginSpan("x", {}, "");
    span?.end();
    expect(span && within(span, () => tellSpan("late"))).toBe(false);
  });

  it("of a trace that its caller does not keep are not made", () => {
    const exporter = keep(1);
    expect([beginSpan("x", {}, LEFT_OUT), startSpan("x", {}, LEFT_OUT), isSampled(LEFT_OUT)]).toEqual([undefined, undefined, false]);
    const texts = [KEPT, KEPT.replace(/01$/, "0b"), KEPT.replace(/01$/, "0a"), "", "nonsense"];
    expect(texts.map(isSampled)).toEqual([true, true, false, false, false]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it("begin a trace only where something comes in, as often as is asked for", () => {
    for (const [ratio, begun] of [
      [0, 0],
      [1, 100],
    ] as const) {
      const exporter = keep(ratio);
      for (let index = 0; index < 100; index += 1) {
        startSpan("below nothing", {}, "")?.end();
        startSpan("below nothing", {})?.end();
        beginSpan("x", {}, "")?.end();
      }
      expect(exporter.getFinishedSpans()).toHaveLength(begun);
    }
  });

  it("begin as many traces as are drawn", () => {
    const { keepsNew } = samplingOf({ sampler: "parentbased_traceidratio", samplerRatio: 0.1 });
    const drawn = vi.spyOn(Math, "random");
    expect([0, 0.0999, 0.1, 0.9999].map((draw) => (drawn.mockReturnValueOnce(draw), keepsNew()))).toEqual([true, true, false, false]);
    drawn.mockRestore();
  });

  it("of a trace that is left out leave nothing for others to go on with", async () => {
    keep(0);
    const seen = await inSpan(beginSpan("root", {}, ""), async (root) => [root, currentTraceparent(), tellSpan("x"), startSpan("y", {})]);
    expect(seen).toEqual([undefined, "", false, undefined]);
  });

  it.each([
    ["always_on", true, true, true],
    ["always_off", false, false, false],
    ["traceidratio", false, false, false],
    ["parentbased_always_on", true, true, false],
    ["parentbased_always_off", false, true, false],
    ["parentbased_traceidratio", false, true, false],
  ] as const)("by %s are made of what begins here: %s, of what a caller keeps: %s, of what it does not: %s", (sampler, ...made) => {
    keep(0, sampler);
    expect(["", KEPT, LEFT_OUT].map((parent) => beginSpan("x", {}, parent) !== undefined)).toEqual(made);
    expect(startSpan("x", {}, KEPT) !== undefined).toBe(made[1]);
  });
});
