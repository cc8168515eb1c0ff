import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { listDeadLetters, replayDeadLetters, type CommandHandler, type DeadLetter } from "@countersign/bus";
import {
  ListDeadLettersRequestSchema,
  ListDeadLettersResponseSchema,
  ReplayDeadLettersRequestSchema,
  ReplayDeadLettersResponseSchema,
} from "@countersign/proto/v1/audit_service_pb";
import type { Kysely } from "kysely";
import { badPageToken, invalidField, pageSize, unary } from "./unary.ts";

/** Dead letters of the caller's tenant: which events, never what is in them. */
export function listTenantDeadLetters(database: Kysely<unknown>): CommandHandler {
  return unary(ListDeadLettersRequestSchema, ListDeadLettersResponseSchema, async (request, caller) => {
    const limit = pageSize(request.pageSize);
    const filter = { tenant: caller.tenant, ...(request.consumer === "" ? {} : { consumer: consumerName(request.consumer) }) };
    const page = await listDeadLetters(database, filter, { after: request.pageToken, limit }).catch(asBadToken);
    return { deadLetters: page.deadLetters.map(toWire), nextPageToken: page.next ?? "" };
  });
}

/** Hands the caller's tenant's dead letters to their consumer again. */
export function replayTenantDeadLetters(database: Kysely<unknown>): CommandHandler {
  return unary(ReplayDeadLettersRequestSchema, ReplayDeadLettersResponseSchema, async (request, caller) => {
    const consumer = consumerName(request.consumer);
    if (request.position !== undefined && request.position > BigInt(Number.MAX_SAFE_INTEGER))
      throw invalidField("position", "must be below 2^53");
    const position = request.position === undefined ? undefined : Number(request.position);
    const replayed = await replayDeadLetters(database, consumer, position, caller.tenant);
    return { replayed: BigInt(replayed) };
  });
}

function consumerName(name: string): string {
  if (!/^[\w.-]{1,128}$/.test(name)) throw invalidField("consumer", "must name a consumer, for example audit.actions");
  return name;
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
  };
}
