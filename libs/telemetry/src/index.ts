// The log.
export { createLogger, silentLogger, type Logger } from "./logger.ts";
// For those who measure.
export { ATTRIBUTES } from "./attributes.ts";
export { instruments, observing, tenantLabel } from "./current.ts";
export type { Instruments } from "./instruments.ts";
export type { Reading } from "./gauges.ts";
export { observe } from "./observe.ts";
// For those who trace.
export {
  beginSpan,
  errorType,
  inSpan,
  isSampled,
  markFailed,
  startSpan,
  tellSpan,
  traceparentOf,
  within,
  type SpanDetails,
} from "./spans.ts";
export { currentTraceparent, isTraceparent } from "./traceparent.ts";
// For those who start programs.
export { Readiness, type CheckKind, type ReadinessCheck, type ReadinessReport } from "./readiness.ts";
export { startTelemetry, type Telemetry } from "./start-telemetry.ts";
