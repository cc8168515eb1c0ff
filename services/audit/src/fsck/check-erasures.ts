import { decodeEntry, type RecordedEvent } from "@countersign/event-log";
import { contentRefs, readPayload } from "@countersign/evidence";
import { EVENT_SCHEMAS } from "@countersign/events";
import { sql, type Kysely } from "kysely";
import type { Check } from "../ledger/flaws.ts";

const PAGE = 1000;

/** Events that neither name contents nor erase them say nothing here. */
const TYPES = Object.entries(EVENT_SCHEMAS)
  .filter(([type, { fields }]) => type === "ContentErased" || fields.some(({ message }) => message?.name === "ContentRef"))
  .map(([type]) => type);

type Named = { readonly stream: RecordedEvent["stream"]; readonly digest: Uint8Array; readonly position: number; readonly erased: boolean };

/** Contents go by an event that says so, and by nothing else: one that is absent without it was taken away, one that is there after it came back. */
export async function* checkErasures(database: Kysely<unknown>, ledger: string): Check {
  const absent = new Map<string, number>();
  let next = 0;
  for (let done = 0; ;) {
    const { rows } = await sql<{ position: number; entry: Buffer }>`
      select position, entry from event_log.event where ledger = ${ledger} and position >= ${next} and type = any(${TYPES}::text[])
      order by position limit ${PAGE}`.execute(database);
    // An erasure takes content and records its event in one commit: until nothing new is found, one that just went may still be explained.
    if (rows.length === 0) break;
    const named = rows.flatMap(({ position, entry }) => contentsOf(position, entry));
    const there = await thoseKept(database, ledger, named);
    for (const [index, { stream, digest, position, erased }] of named.entries()) {
      const key = `${stream.tenant}\n${stream.type}\n${stream.id}\n${Buffer.from(digest).toString("hex")}`;
      if (erased) absent.delete(key);
      else if (!there.has(index) && !absent.has(key)) absent.set(key, position);
      if (erased && there.has(index)) yield { flaw: { position, kind: "CONTENT", detail: "a content that was erased is there again" } };
    }
    done += rows.length;
    next = (rows.at(-1)?.position ?? next) + 1;
    yield { progress: { step: "contents", done } };
  }
  for (const position of absent.values())
    yield { flaw: { position, kind: "CONTENT", detail: "a content is gone, and no event says that it was erased" } };
}

/** What cannot be read is told by other checks. */
function contentsOf(position: number, entry: Buffer): readonly Named[] {
  try {
    const event = decodeEntry(entry);
    const payload = readPayload(event);
    if (payload === undefined) return [];
    const { stream } = event;
    const gone = payload.type === "ContentErased" ? payload.data.digests : [];
    return [
      ...contentRefs(payload).map((digest) => ({ stream, digest, position, erased: false })),
      ...gone.map((digest) => ({ stream, digest, position, erased: true })),
    ];
  } catch {
    return [];
  }
}

/** By their place in the list. */
async function thoseKept(database: Kysely<unknown>, ledger: string, named: readonly Named[]): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ at: number }>`
    select n.at from unnest(
      ${named.map(({ stream }) => stream.tenant)}::text[], ${named.map(({ stream }) => stream.type)}::text[],
      ${named.map(({ stream }) => stream.id)}::text[], ${named.map(({ digest }) => Buffer.from(digest))}::bytea[]
    ) with ordinality as n (tenant, type, id, digest, at)
    join event_log.content c
      on (c.ledger, c.tenant, c.stream_type, c.stream_id, c.digest) = (${ledger}, n.tenant, n.type, n.id, n.digest)`.execute(database);
  return new Set(rows.map(({ at }) => at - 1));
}
