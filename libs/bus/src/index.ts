// For those who send and serve commands.
export { CommandError, type CommandBus, type CommandHandler, type FailureCode, type FailureReason } from "./commands.ts";
export { inProcessCommands } from "./in-process-commands.ts";
export { observedCommands, type CommandCarrier } from "./observed-commands.ts";
export { openReplayTarget, type ReplayTarget } from "./replay-target.ts";
export { notifierPrograms, type ListNotifierPrograms, type NotifierProgramState } from "./notifier-programs.ts";
export { jetStreamCopy, type LedgerCopy } from "./ledger-copy.ts";
export { logCorruption } from "./log-corruption.ts";
export { decodeRequest } from "./decode-request.ts";
export { decoded, encoded } from "./messages.ts";
export { readStream, serveStreams, type StreamHandler } from "./streams.ts";
export { natsCommands, type NatsCommandsOptions } from "./nats-commands.ts";
// For those who read events.
export type { EventFeed } from "./event-feed.ts";
export { startConsumer } from "./start-consumer.ts";
export type { ConsumerDefinition, ConsumerDeps, RunningConsumer } from "./consumer.ts";
export { lockCheckpoint, readCheckpoint, type ConsumerKey } from "./checkpoint.ts";
export { discardDeadLetter, findDeadLetter, listConsumers, listDeadLetters, replayDeadLetters, type DeadLetter } from "./dead-letters.ts";
export { busMigrations } from "./migrations.ts";
// For those who wire.
export { startRelay, type RelayDeps, type RunningRelay } from "./start-relay.ts";
export type { StreamLimits } from "./event-stream.ts";
export { postgresLease, type Lease } from "./lease.ts";
export { publishWakeups } from "./wakeups.ts";
export { natsFeed, type NatsFeed, type NatsFeedOptions } from "./nats-feed.ts";
export { natsAccounts } from "./nats-accounts.ts";
export type { BusLayout } from "./permissions.ts";
export type { NotifierProgram, RegisteredProgram } from "./program-consumers.ts";
export { watchBus, type BusWatch } from "./watch-bus.ts";
export { connectNats, hasJetStream, NatsConnectError, type NatsOptions } from "./connect.ts";
