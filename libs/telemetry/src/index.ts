export { createLogger, silentLogger, type Logger } from "./logger.ts";
export { currentTraceparent, isTraceparent } from "./traceparent.ts";
