import { context, trace } from "@opentelemetry/api";
import { pino } from "pino";
import { errorFields } from "./error-fields.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** Structured log. Call as `log.warn({ err, position }, "sentence")`; never pass tokens, content or whole requests. */
export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
};

/**
 * JSON lines on stderr, so that stdout stays free for what a program prints. Each names the trace that it was written in, if that is kept. Errors are cut down to what helps, and what looks like
 * a secret is blanked, whoever let it through.
 */
export function createLogger(service: string, level = "info"): Logger {
  return pino(
    {
      name: service,
      level,
      base: { service },
      serializers: { err: errorFields },
      mixin: traceFields,
      hooks: { streamWrite: withoutSecrets },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}

function traceFields(): object {
  const span = trace.getSpanContext(context.active());
  return span === undefined ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/** For tests that do not look at the log. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
