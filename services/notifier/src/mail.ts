import { findRecipients } from "./adapters/mail/recipients.ts";
import { mailChannel } from "./adapters/mail/mail-channel.ts";
import { mailCollector } from "./adapters/mail/mail-collector.ts";
import { smtpServer } from "./adapters/mail/smtp.ts";
import type { ReviewLinks } from "./adapters/page/review-links.ts";
import { postgresCollectedStore } from "./adapters/postgres/collected-store.ts";
import { postgresMailLog } from "./adapters/postgres/mail-log.ts";
import type { DirectoryClient } from "@countersign/directory-client";
import type { Database } from "@countersign/database";
import type { Logger } from "@countersign/telemetry";
import type { MailChannelConfig } from "./channels-file.ts";
import type { ReadAction } from "./usecases/attempt-delivery.ts";
import type { Channel } from "./usecases/channel.ts";

export type MailDeps = {
  readonly ledger: string;
  readonly database: Database;
  readonly directory: DirectoryClient;
  readonly links: ReviewLinks | undefined;
  readonly readAction: ReadAction;
  readonly clock: () => Date;
  readonly logger: Logger;
};

/** A mail channel, with what it collects. */
export type MailApp = { readonly channel: Channel; readonly flush: (() => Promise<number>) | undefined; close(): void };

export function mailApp(config: MailChannelConfig, { ledger, database, directory, links, readAction, clock, logger }: MailDeps): MailApp {
  const { name, from, digest, per_second: perSecond } = config;
  const kysely = database.kysely<unknown>();
  const server = smtpServer(config);
  const log = postgresMailLog(kysely, ledger, name);
  const recipients = findRecipients(directory, clock);
  const shared = { from, log, server, recipients, links, logger };
  const store = postgresCollectedStore(kysely, ledger, name, logger);
  const collector = digest === undefined ? undefined : mailCollector({ ...shared, ...digest, channel: name, store, readAction });
  const limits = [{ bucket: `email/${config.host}`, perSecond, burst: Math.max(5, perSecond) }];
  const channel = mailChannel({ ...config, ...shared, limits, ...(collector === undefined ? {} : { collect: collector.collect }) });
  return { channel, flush: collector?.flush, close: () => server.close() };
}
