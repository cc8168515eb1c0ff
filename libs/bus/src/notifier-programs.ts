import type { NatsConnection } from "@nats-io/transport-node";
import { notifierDurable } from "./program-consumers.ts";
import { eventStreamName, feedSubject } from "./subjects.ts";

/** A notifier that is a program of its own, as it is registered, and how it does. */
export type NotifierProgramState = {
  readonly name: string;
  /** 0: its registration cannot be read. */
  readonly contract: number;
  readonly capabilities: readonly string[];
  readonly channels: readonly string[];
  /** Messages that it has not acknowledged. */
  readonly waiting: number;
};

/** Those that are registered for a tenant. */
export type ListNotifierPrograms = (tenant: string) => Promise<readonly NotifierProgramState[]>;

const TIMEOUT_MS = 2000;
const MOST_PAGES = 20;
const MOST_TEXTS = 20;
const LONGEST = 200;

/** Reads who is registered: each one is a durable consumer `notifier-<name>` that hears one tenant's actions (docs/notifier-contract.md). */
export function notifierPrograms(
  connection: NatsConnection,
  layout: { readonly prefix: string; readonly ledger: string },
): ListNotifierPrograms {
  const { prefix, ledger } = layout;
  const subject = `$JS.API.CONSUMER.LIST.${eventStreamName(prefix, ledger)}`;
  return async (tenant) => {
    const own = feedSubject(prefix, ledger, { tenant, streamType: "action" }).slice(0, -1);
    const found: NotifierProgramState[] = [];
    let offset = 0;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const reply = await connection.request(subject, JSON.stringify({ offset }), { timeout: TIMEOUT_MS });
      const { consumers = [], total = 0 } = reply.json<Page>();
      found.push(...(consumers ?? []).filter((info) => info.config?.filter_subject?.startsWith(own) === true).flatMap(toState));
      offset += consumers?.length ?? 0;
      if (offset >= total || (consumers?.length ?? 0) === 0) break;
    }
    return found;
  };
}

type Page = { readonly consumers?: readonly ConsumerInfo[] | null; readonly total?: number };
type ConsumerInfo = {
  readonly name: string;
  readonly config?: { readonly description?: string; readonly filter_subject?: string };
  readonly num_pending?: number;
  readonly num_ack_pending?: number;
};

function toState({ name, config, num_pending: pending = 0, num_ack_pending: underWay = 0 }: ConsumerInfo): NotifierProgramState[] {
  const prefix = notifierDurable("");
  if (!name.startsWith(prefix)) return [];
  return [{ name: name.slice(prefix.length), ...announcement(config?.description ?? ""), waiting: pending + underWay }];
}

function announcement(text: string): Pick<NotifierProgramState, "contract" | "capabilities" | "channels"> {
  try {
    const { contract, capabilities, channels } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return {
      contract: Number.isSafeInteger(contract) && Number(contract) > 0 ? Number(contract) : 0,
      capabilities: texts(capabilities),
      channels: texts(channels),
    };
  } catch {
    return { contract: 0, capabilities: [], channels: [] };
  }
}

function texts(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((text): text is string => typeof text === "string")
    .slice(0, MOST_TEXTS)
    .map((text) => text.slice(0, LONGEST).toWellFormed());
}
