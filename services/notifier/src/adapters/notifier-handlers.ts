import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CommandError, type CommandHandler, type ListNotifierPrograms } from "@countersign/bus";
import {
  ListDeliveriesRequestSchema,
  ListDeliveriesResponseSchema,
  ListNotifiersRequestSchema,
  ListNotifiersResponseSchema,
  RetryDeliveriesRequestSchema,
  RetryDeliveriesResponseSchema,
} from "@countersign/proto/v1/notifier_service_pb";
import type { Kysely } from "kysely";
import type { Channel } from "../usecases/channel.ts";
import { channelStates, listFailed, retryFailed } from "./postgres/failed-deliveries.ts";

export type NotifierHandlerDeps = {
  readonly database: Kysely<unknown>;
  readonly ledger: string;
  readonly channels: readonly Channel[];
  /** Notifiers that are programs of their own. */
  readonly programs: ListNotifierPrograms;
  /** Something may be due on this channel. */
  readonly wake: (channel: string) => void;
};

/** What operators call, for their own tenant. */
export function notifierHandlers({
  database,
  ledger,
  channels,
  programs,
  wake,
}: NotifierHandlerDeps): Readonly<Record<string, CommandHandler>> {
  return {
    ListNotifiers: unary(ListNotifiersRequestSchema, ListNotifiersResponseSchema, async (_request, tenant) => {
      const states = await channelStates(database, ledger, tenant);
      const own = channels
        .filter(({ tenants }) => tenants === "all" || tenants.includes(tenant))
        .map(({ name, kind, capabilities }) => {
          const { waiting = 0, failed = 0, problem = "" } = states.get(name) ?? {};
          return { name, kind, capabilities: namesOf(capabilities), waiting: BigInt(waiting), failed: BigInt(failed), problem };
        });
      const others = await programs(tenant).catch((cause: unknown) => {
        throw new CommandError("UNAVAILABLE", "NO_HANDLER", "JetStream does not say which notifiers there are", { cause });
      });
      const listed = others.map(({ name, contract, capabilities, channels: served, waiting }) => ({
        name,
        kind: "program",
        contract,
        capabilities: [...capabilities],
        channels: [...served],
        waiting: BigInt(waiting),
        problem: contract === 0 ? "its registration cannot be read" : "",
      }));
      return { notifiers: [...own, ...listed].toSorted((one, other) => (one.name < other.name ? -1 : 1)) };
    }),

    ListDeliveries: unary(ListDeliveriesRequestSchema, ListDeliveriesResponseSchema, async ({ channel, pageSize, pageToken }, tenant) => {
      const limit = pageSize === 0 ? 50 : pageSize;
      const rows = await listFailed(database, ledger, tenant, { channel, after: afterOf(pageToken), limit: limit + 1 });
      const page = rows.slice(0, limit);
      const deliveries = page.map(({ id, failedAt, ...row }) => ({ ...row, id: BigInt(id), failTime: timestampFromDate(failedAt) }));
      return { deliveries, nextPageToken: rows.length > limit ? String(page.at(-1)?.id ?? "") : "" };
    }),

    RetryDeliveries: unary(RetryDeliveriesRequestSchema, RetryDeliveriesResponseSchema, async ({ channel, ids }, tenant) => {
      const retried = await retryFailed(database, ledger, tenant, channel, ids.map(Number));
      wake(channel);
      return { retried: BigInt(retried) };
    }),
  };
}

function namesOf(capabilities: Channel["capabilities"]): string[] {
  return Object.entries(capabilities).flatMap(([name, has]) => (has ? [name] : []));
}

function afterOf(token: string): number {
  if (/^\d{0,15}$/.test(token)) return Number(token);
  const description = "must be the one from the last reply";
  throw new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", `page_token ${description}`, {
    violations: [{ field: "page_token", description }],
  });
}

function unary<Request extends DescMessage, Response extends DescMessage>(
  request: Request,
  response: Response,
  handle: (request: MessageShape<Request>, tenant: string) => Promise<MessageInitShape<Response>>,
): CommandHandler {
  return async ({ caller, request: bytes }) => {
    if (caller === undefined || caller.tenant === "") throw new CommandError("UNAUTHENTICATED", "TOKEN_MISSING", "this needs a caller");
    return toBinary(response, create(response, await handle(fromBinary(request, bytes), caller.tenant)));
  };
}
