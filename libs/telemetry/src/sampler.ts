import { AlwaysOffSampler, AlwaysOnSampler, TraceIdRatioBasedSampler, type Sampler } from "@opentelemetry/sdk-trace";
import type { TelemetrySettings } from "./settings.ts";

/** Which traces are kept. */
export type Sampling = {
  /** Asked last, about what the others leave open. */
  readonly sampler: Sampler;
  /** A trace that its caller does not keep is not kept here either. */
  readonly followsParents: boolean;
  /** Whether a trace that begins here may be kept. Asked once for each, before anything is made for it, not even its id. */
  keepsNew(): boolean;
};

/** What `OTEL_TRACES_SAMPLER` names. What follows its parents is decided before the SDK is asked: most traces are not kept, and all that it makes would be thrown away. */
export function samplingOf({ sampler, samplerRatio }: Pick<TelemetrySettings, "sampler" | "samplerRatio">): Sampling {
  switch (sampler) {
    case "always_on":
      return named(new AlwaysOnSampler());
    case "always_off":
      return named(new AlwaysOffSampler());
    case "traceidratio":
      return named(new TraceIdRatioBasedSampler(samplerRatio));
    case "parentbased_always_on":
      return parentBased(() => true);
    case "parentbased_always_off":
      return parentBased(() => false);
    case "parentbased_traceidratio":
      return parentBased(() => Math.random() < samplerRatio);
  }
}

function named(sampler: Sampler): Sampling {
  return { sampler, followsParents: false, keepsNew: () => true };
}

function parentBased(keepsNew: () => boolean): Sampling {
  return { sampler: new AlwaysOnSampler(), followsParents: true, keepsNew };
}
