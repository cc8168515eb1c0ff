import { createClient, CountersignError, statusName, type CountersignClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import type { Action } from "@countersign/proto/v1/action_pb";
import type { Standalone } from "@countersign/standalone";
import type { DemoDatabase } from "./demo-database.ts";
import type { Narrator } from "./narrator.ts";

/** What a chapter works with. */
export type Stage = {
  readonly narrator: Narrator;
  readonly database: DemoDatabase;
  /** Ids of the actions of the story, for the last chapter. */
  readonly actions: Map<string, string>;
  /** Countersign as one of the cast sees it. */
  as(name: DevelopmentName): CountersignClient;
};

/** A client for everybody in the cast. */
export async function openClients(standalone: Standalone): Promise<{ as(name: DevelopmentName): CountersignClient; close(): void }> {
  const clients = new Map<string, CountersignClient>();
  for (const [name, principal] of Object.entries(DEVELOPMENT_PRINCIPALS)) {
    clients.set(name, createClient({ address: standalone.address, token: await standalone.issuer.mint(principal) }));
  }
  return {
    as: (name) => {
      const client = clients.get(name);
      if (client === undefined) throw new Error(`${name} has no client`);
      return client;
    },
    close: () => {
      for (const client of clients.values()) client.close();
    },
  };
}

/** The reason for which a call is refused. A call that goes through spoils the story. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CountersignError) return error.reason;
    throw error;
  }
  return "not refused";
}

/** What policy answered, in one line. */
export function answerOf({ status, verdict }: Action): string {
  return `${statusName(status)} by rule "${verdict?.rule ?? ""}": ${verdict?.reasons.join("; ") ?? ""}`;
}
