import { pino } from "pino";

/** Structured log. Call as `log.warn({ err, position }, "sentence")`; never pass tokens, content or whole requests. */
export type Logger = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
};

/** JSON lines on stderr, so that stdout stays free for what a program prints. */
export function createLogger(service: string, level = "info"): Logger {
  return pino({ name: service, level, base: { service } }, pino.destination({ dest: 2, sync: false }));
}

/** For tests that do not look at the log. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
