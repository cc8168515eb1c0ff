import { randomUUID } from "node:crypto";
import type { AppendRequest } from "@countersign/event-log";
import { automaticLife } from "../log/lifecycle-events.ts";

const TENANT = "tenant-0";
const LIFE = automaticLife(TENANT, randomUUID(), Date.UTC(2026, 0, 1));

/** The events of an action that policy allowed, again and again, each the first of a stream of its own, without contents. */
export function eventSource(): () => AppendRequest {
  let turn = 0;
  return () => {
    const { event, actor } = LIFE[(turn += 1) % LIFE.length] as (typeof LIFE)[number];
    return {
      stream: { tenant: TENANT, type: "action", id: randomUUID() },
      expectedVersion: 0,
      events: [event],
      actor: { issuer: "https://idp.example", id: actor },
      time: new Date(),
    };
  };
}

/** About as many bytes as an entry of theirs, for the bare parts. */
export const ENTRY_BYTES = 420;
