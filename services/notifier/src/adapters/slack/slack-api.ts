import { LogLevel, WebAPIPlatformError, WebAPIRateLimitedError, WebClient, type Logger as SlackLogger } from "@slack/web-api";
import type { Logger } from "@countersign/telemetry";
import { RetryableDeliveryError, TerminalDeliveryError } from "../../usecases/channel.ts";

/** For one call; the lease of a delivery is much longer. */
const TIMEOUT_MS = 10_000;

/** What no other attempt can mend: the message itself. */
const BAD_MESSAGE = new Set([
  "invalid_blocks",
  "invalid_blocks_format",
  "invalid_metadata_format",
  "metadata_too_large",
  "msg_blocks_too_long",
  "msg_too_long",
  "no_text",
]);

/** The SDK's client without its own retries: the delivery store counts, waits and survives restarts. */
export function slackClient(token: string, apiUrl: string, logger: Logger): WebClient {
  return new WebClient(token, {
    slackApiUrl: apiUrl,
    timeout: TIMEOUT_MS,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    allowAbsoluteUrls: false,
    logger: slackLogger(logger),
  });
}

/** The SDK's own log lines; debug lines hold whole messages and stay away. */
export function slackLogger(logger: Logger): SlackLogger {
  const silent = (): void => {};
  const tell = (...parts: unknown[]): void => logger.warn({ slack: parts.map(String).join(" ").slice(0, 500) }, "slack client");
  return { debug: silent, info: silent, warn: tell, error: tell, setLevel: silent, setName: silent, getLevel: () => LogLevel.WARN };
}

/** The `error` that Slack answered, if it did answer. */
export function slackErrorOf(error: unknown): string | undefined {
  return error instanceof WebAPIPlatformError ? error.data.error : undefined;
}

/** What a failed call means for a delivery. Without an answer Slack may have done it all the same. */
export function toDeliveryError(error: unknown): Error {
  if (error instanceof WebAPIRateLimitedError)
    return new RetryableDeliveryError("slack answered 429", { rateLimited: true, delayMs: error.retryAfter * 1000, cause: error });
  const answered = slackErrorOf(error);
  if (answered === "ratelimited" || answered === "rate_limited")
    return new RetryableDeliveryError("slack answered ratelimited", { rateLimited: true, cause: error });
  if (answered !== undefined && BAD_MESSAGE.has(answered)) return new TerminalDeliveryError(`slack answered ${answered}`, { cause: error });
  return new RetryableDeliveryError(answered === undefined ? "slack did not answer" : `slack answered ${answered}`, { cause: error });
}
