import { knownEvent } from "@countersign/events";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import {
  CommandError,
  discardDeadLetter,
  findDeadLetter,
  listConsumers,
  listDeadLetters,
  replayDeadLetters,
  type CommandHandler,
  type DeadLetter,
} from "@countersign/bus";
import type { EventLog } from "@countersign/event-log";
import {
  DiscardDeadLetterRequestSchema,
  DiscardDeadLetterResponseSchema,
  GetDeadLetterRequestSchema,
  GetDeadLetterResponseSchema,
  ListDeadLettersRequestSchema,
  ListDeadLettersResponseSchema,
  ReplayDeadLettersRequestSchema,
  ReplayDeadLettersResponseSchema,
} from "@countersign/proto/v1/audit_service_pb";
import type { Kysely } from "kysely";
import { plainText } from "../events/plain-text.ts";
import { toWireEvent } from "../events/wire-event.ts";
import { wordsOf } from "../events/words.ts";
import { OPERATIONS_STREAM, type OperationsLog } from "./operations-log.ts";
import { badPageToken, invalidField, pageSize, readPosition, unary } from "./unary.ts";

/** Dead letters of the caller's tenant: which events, never what is in them. */
export function listTenantDeadLetters(database: Kysely<unknown>, ledger: string): CommandHandler {
  return unary(ListDeadLettersRequestSchema, ListDeadLettersResponseSchema, async (request, caller) => {
    const limit = pageSize(request.pageSize);
    const consumer = request.consumer === "" ? {} : { consumer: await known(database, ledger, request.consumer) };
    const filter = { tenant: caller.tenant, ledger, ...consumer };
    const page = await listDeadLetters(database, filter, { after: request.pageToken, limit }).catch(asBadToken);
    return { deadLetters: page.deadLetters.map(toWire), nextPageToken: page.next ?? "" };
  });
}

/** One of them with its event, and with the reason why it was given up. */
export function getTenantDeadLetter(database: Kysely<unknown>, log: EventLog): CommandHandler {
  return unary(GetDeadLetterRequestSchema, GetDeadLetterResponseSchema, async (request, caller) => {
    const key = { consumer: await known(database, log.ledger, request.consumer), ledger: log.ledger };
    const position = readPosition("position", request.position);
    const letter = await findDeadLetter(database, key, caller.tenant, position);
    const [event] = letter === undefined ? [] : await log.readAll({ from: position, limit: 1 });
    if (letter === undefined || event?.position !== position || event.stream.tenant !== caller.tenant) throw noSuchLetter();
    return {
      deadLetter: toWire(letter),
      event: toWireEvent(event, knownEvent(event)),
      discardReason: letter.state === "discarded" ? await reasonOf(log, caller.tenant, letter) : "",
    };
  });
}

/** Hands the caller's tenant's dead letters to their consumer again. */
export function replayTenantDeadLetters(database: Kysely<unknown>, ledger: string, operations: OperationsLog): CommandHandler {
  return unary(ReplayDeadLettersRequestSchema, ReplayDeadLettersResponseSchema, async (request, caller) => {
    const consumer = await known(database, ledger, request.consumer);
    const position = request.position === undefined ? undefined : readPosition("position", request.position);
    let eventPosition: number | undefined;
    const record = async (positions: readonly number[]) => {
      eventPosition = await operations.replayed(caller, consumer, positions);
    };
    const replayed = await replayDeadLetters(database, { consumer, ledger }, { position, tenant: caller.tenant, record });
    return { replayed: BigInt(replayed), ...(eventPosition === undefined ? {} : { eventPosition: BigInt(eventPosition) }) };
  });
}

/** Gives up on one dead letter of the caller's tenant. */
export function discardTenantDeadLetter(database: Kysely<unknown>, ledger: string, operations: OperationsLog): CommandHandler {
  return unary(DiscardDeadLetterRequestSchema, DiscardDeadLetterResponseSchema, async (request, caller) => {
    const consumer = await known(database, ledger, request.consumer);
    const position = readPosition("position", request.position);
    if (request.reason.trim() === "" || request.reason.length > 8192)
      throw invalidField("reason", "must say why, in 1 to 4,096 characters");
    let eventPosition = 0;
    const record = async () => {
      eventPosition = await operations.discarded(caller, consumer, position, request.reason);
    };
    const discarded = await discardDeadLetter(database, { consumer, ledger }, { tenant: caller.tenant, position, record });
    if (!discarded) throw noSuchLetter();
    return { eventPosition: BigInt(eventPosition) };
  });
}

async function reasonOf(log: EventLog, tenant: string, letter: DeadLetter): Promise<string> {
  const stream = { tenant, type: OPERATIONS_STREAM, id: letter.consumer };
  for (const event of (await log.readStream(stream)).toReversed()) {
    const decoded = knownEvent(event);
    if (decoded?.type !== "DeadLetterDiscarded" || Number(decoded.data.position) !== letter.position) continue;
    const digest = decoded.data.reason?.digest ?? new Uint8Array();
    const words = wordsOf(await log.readContents(stream, [digest]), digest);
    return typeof words === "string" ? "" : plainText(words.text, 4096);
  }
  return "";
}

function noSuchLetter(): CommandError {
  return new CommandError("NOT_FOUND", "NOT_FOUND", "no such dead letter that is not given up already");
}

/** A name that nobody has is a slip, and no consumer without dead letters. */
async function known(database: Kysely<unknown>, ledger: string, consumer: string): Promise<string> {
  const names = await listConsumers(database, ledger);
  if (names.includes(consumer)) return consumer;
  throw invalidField("consumer", names.length === 0 ? "names none: none has handled an event yet" : `must be one of ${names.join(", ")}`);
}

function asBadToken(error: unknown): never {
  throw error instanceof RangeError ? badPageToken() : error;
}

function toWire(letter: DeadLetter) {
  return {
    consumer: letter.consumer,
    position: BigInt(letter.position),
    streamId: letter.streamId,
    eventType: letter.eventType,
    error: letter.error,
    attempts: letter.attempts,
    parkTime: timestampFromDate(letter.parkedAt),
    state: letter.state,
  };
}
