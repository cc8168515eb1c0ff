import { ConfigError } from "@countersign/config";
import { describe, expect, it } from "vitest";
import { readTelemetrySettings } from "./settings.ts";

describe("settings of telemetry", () => {
  it("measure nothing by default", () => {
    expect(readTelemetrySettings({})).toMatchObject({ host: "127.0.0.1", sendTraces: false, sendMetrics: false });
    expect(readTelemetrySettings({}).port).toBeUndefined();
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318" }, true, true],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_METRICS_EXPORTER: "none" }, true, false],
    [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://c:4318/v1/traces" }, true, false],
    [{ OTEL_TRACES_EXPORTER: "otlp" }, true, false],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318", OTEL_SDK_DISABLED: "true" }, false, false],
  ])("%j: traces %s, metrics %s", (env, sendTraces, sendMetrics) => {
    expect(readTelemetrySettings(env)).toMatchObject({ sendTraces, sendMetrics });
  });

  it.each([
    [{}, "parentbased_traceidratio", 0.1],
    [{ OTEL_TRACES_SAMPLER_ARG: "0.5" }, "parentbased_traceidratio", 0.5],
    [{ OTEL_TRACES_SAMPLER: "traceidratio" }, "traceidratio", 1],
    [{ OTEL_TRACES_SAMPLER: "parentbased_always_on" }, "parentbased_always_on", 1],
  ])("%j: %s, %s of the traces that begin here", (env, sampler, samplerRatio) => {
    expect(readTelemetrySettings(env)).toMatchObject({ sampler, samplerRatio });
  });

  it("P7: say all that is wrong at once, instead of sending nothing in silence", () => {
    const read = () =>
      readTelemetrySettings({ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc", OTEL_TRACES_SAMPLER: "sometimes", COUNTERSIGN_TELEMETRY_PORT: "-1" });
    expect(read).toThrow(ConfigError);
    for (const name of ["OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf", "OTEL_TRACES_SAMPLER", "COUNTERSIGN_TELEMETRY_PORT"])
      expect(read).toThrow(name);
    expect(() => readTelemetrySettings({ OTEL_BSP_MAX_QUEUE_SIZE: "10" })).toThrow("OTEL_BSP_MAX_EXPORT_BATCH_SIZE");
  });
});
