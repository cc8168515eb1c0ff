import { connectNats, jetStreamCopy, natsCommands, natsFeed, readStream, startRelay } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { EventLog } from "@countersign/event-log";
import { createTestEventLog, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { fromBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { silentLogger } from "@countersign/telemetry";
import { testNats } from "@countersign/testing";
import { startAudit, type RunningAudit } from "../app.ts";
import { readAuditConfig, type AuditConfig } from "../config.ts";
import { auditDatabase } from "./audit-database.ts";
import { caller, command, type CallerInit } from "./calls.ts";
import { getGrantKeys } from "./signed-votes.ts";

/** The service on a database and a bus of its own, asked over NATS. */
export type AuditUnderTest = {
  readonly audit: RunningAudit;
  readonly log: EventLog;
  /** All rights. */
  readonly owner: Database;
  /** Where the copy of the log is; so that a test can do to it what the relay never would. */
  readonly nats: { readonly connection: Awaited<ReturnType<typeof connectNats>>; readonly prefix: string; stopRelay(): Promise<void> };
  ask<Request extends DescMessage, Response extends DescMessage>(
    method: string,
    schemas: readonly [Request, Response],
    body: MessageInitShape<Request>,
    who?: CallerInit,
  ): Promise<MessageShape<Response>>;
  /** Everything that a method streams. */
  stream<Request extends DescMessage, Response extends DescMessage>(
    method: string,
    schemas: readonly [Request, Response],
    body: MessageInitShape<Request>,
    who?: CallerInit,
  ): Promise<MessageShape<Response>[]>;
  close(): Promise<void>;
};

export async function startAuditUnderTest(settings: Partial<AuditConfig> = {}): Promise<AuditUnderTest> {
  const postgres = await auditDatabase();
  const { pool: database, owner } = postgres;
  const { url, prefix } = await testNats();
  const connection = await connectNats({ url, name: "audit-test" });
  const log = createTestEventLog({ url: postgres.url, ledger: "main" });
  const logger = silentLogger;
  const relay = startRelay({ log, connection, prefix, logger });
  const commands = natsCommands(connection, { prefix, logger });
  const feed = natsFeed(connection, { prefix, ledger: "main", logger });
  const approval = await commands.serve("approval", { GetGrantKeys: getGrantKeys });
  const audit = await startAudit({
    config: { ...readAuditConfig({}), ...settings },
    log,
    appendKeys: TEST_APPEND_KEYS,
    commands,
    feed,
    database,
    logger,
    copy: jetStreamCopy(connection, { prefix, ledger: "main" }),
  });
  return {
    audit,
    log,
    owner,
    nats: { connection, prefix, stopRelay: () => relay.close() },
    stream: async (method, [request, response], body, who = caller()) => {
      const messages: Uint8Array[] = [];
      for await (const message of readStream(commands, { service: "audit", method }, command(request, body, who), { timeoutMs: 15_000 }))
        messages.push(message);
      return messages.map((message) => fromBinary(response, message));
    },
    ask: async (method, [request, response], body, who = caller()) =>
      fromBinary(response, await commands.send("audit", method, command(request, body, who), { timeoutMs: 15_000 })),
    close: async () => {
      await audit.close();
      await approval.close();
      await relay.close();
      await log.close();
      await connection.close();
      await postgres.close();
    },
  };
}
