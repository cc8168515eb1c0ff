import { randomUUID } from "node:crypto";
import { fromBinary } from "@bufbuild/protobuf";
import { CommandSchema, type Command } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalSchema, type Principal } from "@countersign/proto/v1/principal_pb";
import { withinTime } from "@countersign/event-log";
import { encodeMessage, encodePart } from "@countersign/events";
import { createLogger, type Logger } from "@countersign/telemetry";
import { headers, type Msg, type MsgHdrs, type NatsConnection } from "@nats-io/transport-node";
import { CommandError, type CommandBus, type CommandHandler } from "./commands.ts";
import { denialsOf } from "./denials.ts";
import { bug, decodeFailure, encodeFailure, linkLost, noHandler, notLetThrough, refusalOf, unknownMethod } from "./failure.ts";
import { InFlight } from "./in-flight.ts";
import { keepSubscribed, type KeptSubscription } from "./keep-subscribed.ts";
import { linkOf } from "./link.ts";
import { outboxOf } from "./outbox.ts";
import { PendingReplies, timedOut } from "./pending-replies.ts";
import { newInbox } from "./connect.ts";
import { commandSubject } from "./subjects.ts";

export type NatsCommandsOptions = {
  /** First token of the subjects. */
  readonly prefix: string;
  /** Where a handler's unexpected errors go. */
  readonly logger?: Logger;
};

/**
 * The command port over NATS: requests on `<prefix>.cmd.<service>.<method>`, each handled by one member of the service's queue group.
 * Replies come to one wildcard inbox; a refusal is a `CommandFailure` with the header `cs-failure`.
 */
export function natsCommands(connection: NatsConnection, options: NatsCommandsOptions): CommandBus {
  const logger = options.logger ?? createLogger("commands");
  return {
    send: commandSender(connection, options.prefix),
    serve: (service, handlers) => serve(connection, options.prefix, logger, service, handlers),
  };
}

function commandSender(connection: NatsConnection, prefix: string): CommandBus["send"] {
  const outbox = outboxOf(connection);
  const link = linkOf(connection);
  const replies = new PendingReplies();
  const inbox = newInbox(connection);
  keepSubscribed(connection, `${inbox}.*`, { callback: (error, message) => void (error ?? settle(replies, message, inbox.length + 1)) });

  // Nobody keeps replies for us meanwhile. Callers are better off asking again at once than waiting for their deadlines.
  link.onLoss(() => replies.rejectAll(linkLost));
  denialsOf(connection).onDenied(({ operation, subject }) => {
    if (operation === "publish") replies.rejectSentTo(subject, notLetThrough);
  });

  return async (service, method, command, { timeoutMs }) => {
    if (timeoutMs <= 0) throw timedOut(service);
    // The client would keep the command until it is connected again, long after its caller has given up.
    if (!link.connected()) throw new CommandError("UNAVAILABLE", "NO_HANDLER", "The bus is not connected.");
    const subject = commandSubject(prefix, service, method);
    const request = encodeMessage(CommandSchema, {
      ...command,
      caller: command.caller && encodedCaller(command.caller),
      timeoutMs: Math.min(Math.ceil(timeoutMs), MAX_UINT32),
    });
    const tooLarge = sizeProblem(connection, request, "command");
    if (tooLarge !== undefined) throw tooLarge;
    // Only who was asked knows it: whoever else may publish to the same inbox cannot answer in its place.
    const token = randomUUID();
    const reply = replies.open(token, { service, subject }, timeoutMs);
    outbox.publish(subject, request, { reply: `${inbox}.${token}` }, () => replies.reject(token, noHandler));
    return reply;
  };
}

/** All calls with one token bring the same object: most of a command is encoded once. */
function encodedCaller(caller: Principal): ReturnType<typeof encodePart> {
  const known = callers.get(caller) ?? encodePart(PrincipalSchema, caller);
  callers.set(caller, known);
  return known;
}

const callers = new WeakMap<Principal, ReturnType<typeof encodePart>>();

function settle(replies: PendingReplies, message: Msg, tokenStart: number): void {
  const token = message.subject.slice(tokenStart);
  // An error that left the subscription's callback would end the connection's reader: what cannot be read is internal.
  try {
    // Successful replies carry no headers, so nothing is parsed for them.
    const status = message.headers;
    if (status === undefined) {
      replies.resolve(token, ownBytes(message.data));
    } else if (status.has(FAILURE_HEADER)) {
      const refusal = decodeFailure(message.data);
      replies.reject(token, () => refusal);
    } else {
      // "No responders": the server found nobody subscribed.
      replies.reject(token, status.code === 503 ? noHandler : bug);
    }
  } catch {
    replies.reject(token, bug);
  }
}

async function serve(
  connection: NatsConnection,
  prefix: string,
  logger: Logger,
  service: string,
  handlers: Readonly<Record<string, CommandHandler>>,
): ReturnType<CommandBus["serve"]> {
  const outbox = outboxOf(connection);
  const inFlight = new InFlight();
  const subject = commandSubject(prefix, service, "*");
  const answer = async (message: Msg) => {
    const method = message.subject.slice(subject.length - 1);
    try {
      const reply = await handle(handlers, service, method, message.data);
      const tooLarge = sizeProblem(connection, reply, "reply");
      if (tooLarge !== undefined) throw tooLarge;
      outbox.publish(message.reply ?? "", reply);
    } catch (error) {
      const failure = encodeFailure(refusalOf(error, { service, method }, logger));
      // A refusal can quote the command at length; its caller is told at least this much.
      const tooLarge = sizeProblem(connection, failure, "refusal");
      outbox.publish(message.reply ?? "", tooLarge === undefined ? failure : encodeFailure(tooLarge), { headers: FAILURE_HEADERS });
    }
  };
  const subscription = keepSubscribed(connection, subject, {
    queue: service,
    callback: (error, message) => {
      if (error !== null) logger.error({ err: error, service }, "commands cannot be received");
      // Whoever asks waits at an inbox. Any other reply subject would have this service publish there with its own rights.
      else if (message.reply?.startsWith("_INBOX.") === true) inFlight.run(() => answer(message));
    },
  });
  // The server has the subscription when this comes back.
  await connection.flush();
  return { close: () => stopServing(connection, subscription, inFlight) };
}

async function handle(
  handlers: Readonly<Record<string, CommandHandler>>,
  service: string,
  method: string,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  const handler = Object.hasOwn(handlers, method) ? handlers[method] : undefined;
  if (handler === undefined) throw unknownMethod(service, method);
  const command = decodeCommand(bytes);
  return withinTime(command.timeoutMs || Infinity, () => handler(command));
}

function decodeCommand(bytes: Uint8Array): Command {
  try {
    return fromBinary(CommandSchema, ownBytes(bytes));
  } catch (cause) {
    throw new CommandError("INVALID_ARGUMENT", "MALFORMED", "The command cannot be decoded.", { cause });
  }
}

async function stopServing(connection: NatsConnection, subscription: KeptSubscription, inFlight: InFlight): Promise<void> {
  // Whatever the server says of the subscription at this moment: one that it refuses would come back.
  await subscription.drain();
  await inFlight.idle();
  // The last replies are in the outbox until the turn ends.
  await new Promise((resolve) => setImmediate(resolve));
  if (!connection.isClosed()) await connection.flush().catch(() => {});
}

function sizeProblem(connection: NatsConnection, bytes: Uint8Array, what: "command" | "reply" | "refusal"): CommandError | undefined {
  const limit = connection.info?.max_payload ?? DEFAULT_MAX_PAYLOAD;
  // Headers count too.
  if (bytes.length <= limit - HEADER_ROOM) return undefined;
  return new CommandError(
    "RESOURCE_EXHAUSTED",
    "TOO_LARGE",
    `The ${what} has ${bytes.length} bytes; the bus carries ${limit - HEADER_ROOM}.`,
  );
}

/** A copy: what arrives is a view of the socket's buffer, which a small message would keep alive for as long as somebody keeps a part of it. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

const FAILURE_HEADER = "cs-failure";
const FAILURE_HEADERS = failureHeaders();
const DEFAULT_MAX_PAYLOAD = 1_048_576;
const HEADER_ROOM = 64;
const MAX_UINT32 = 4_294_967_295;

function failureHeaders(): MsgHdrs {
  const made = headers();
  made.set(FAILURE_HEADER, "1");
  return made;
}
