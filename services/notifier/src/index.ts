export { startNotifier, type NotifierDeps } from "./app.ts";
export type { AppConfig, ChannelConfig } from "./channels-file.ts";
export { parseChannels, readNotifierConfig, type NotifierConfig } from "./config.ts";
export { notifierMigrations } from "./adapters/postgres/migrations.ts";
// For channels of one's own.
export {
  RetryableDeliveryError,
  TerminalDeliveryError,
  type Channel,
  type ChannelCapabilities,
  type Delivery,
  type DeliveryReceipt,
} from "./usecases/channel.ts";
export { NOTIFIED_EVENTS, REVIEWER_EVENTS, type NotifiedEvent } from "./domain/notified-event.ts";
export { terminalChannel, type TerminalOptions, type TerminalOutput } from "./adapters/terminal/terminal-channel.ts";
export { webhookChannel, type WebhookOptions } from "./adapters/webhook/webhook-channel.ts";
