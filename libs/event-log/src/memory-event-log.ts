import { silentLogger } from "@countersign/telemetry";
import { checkAppendRequest } from "./append-request.ts";
import { NO_EVENTS, planBatch, replyKey, streamKey, type Head } from "./batch.ts";
import { CommitListeners } from "./commit-listeners.ts";
import type { Content, EventLog, RecordedEvent, StoredReply } from "./event-log.ts";
import { checkRange, checkStreamRead } from "./stored-events.ts";

/** A ledger that is gone with the process: for fast tests of what stands on an `EventLog`. It decides, links and hashes as the real one does. */
export function createMemoryEventLog(options: { readonly ledger: string }): EventLog {
  const { ledger } = options;
  const events: RecordedEvent[] = [];
  const streams = new Map<string, Head>();
  const tenants = new Map<string, Head>();
  const replies = new Map<string, StoredReply>();
  const contents = new Map<string, Map<string, Content>>();
  const listeners = new CommitListeners(silentLogger);
  return {
    ledger,
    append: async (request) => {
      checkAppendRequest(request);
      const heads = {
        nextPosition: events.length,
        stream: (name: RecordedEvent["stream"]) => streams.get(streamKey(name)) ?? NO_EVENTS,
        tenant: (tenant: string) => tenants.get(tenant) ?? NO_EVENTS,
        reply: (tenant: string, caller: string, key: string) => replies.get(replyKey(tenant, caller, key)),
      };
      const batch = planBatch(ledger, heads, [request]);
      events.push(...batch.events);
      for (const [key, head] of batch.streams) streams.set(key, head);
      for (const [key, head] of batch.tenants) tenants.set(key, head);
      for (const reply of batch.replies) replies.set(replyKey(reply.tenant, reply.caller, reply.key), { ledger, reply: reply.reply });
      for (const { stream, content } of batch.contents) {
        const key = streamKey(stream);
        contents.set(key, (contents.get(key) ?? new Map<string, Content>()).set(Buffer.from(content.digest).toString("hex"), content));
      }
      for (const { stream, digest } of batch.erased) contents.get(streamKey(stream))?.delete(Buffer.from(digest).toString("hex"));
      if (batch.events.length > 0) listeners.notify(batch.events);
      const [outcome] = batch.outcomes;
      if (outcome === undefined) throw new Error("a batch lost the outcome of its request");
      return outcome;
    },
    onCommitted: (listener) => listeners.add(listener),
    readStream: async (stream, afterVersion = 0) => {
      checkStreamRead(stream, afterVersion);
      return events.filter((event) => streamKey(event.stream) === streamKey(stream) && event.streamVersion > afterVersion);
    },
    readAll: async (range) => {
      checkRange(range);
      return events.slice(range.from, range.from + range.limit);
    },
    readTenant: async (tenant, range) => {
      checkRange(range);
      return events.filter((event) => event.stream.tenant === tenant && event.position >= range.from).slice(0, range.limit);
    },
    nextPosition: async () => events.length,
    readContents: async (stream, digests) => {
      const wanted = digests && new Set(digests.map((digest) => Buffer.from(digest).toString("hex")));
      return new Map([...(contents.get(streamKey(stream)) ?? [])].filter(([digest]) => wanted?.has(digest) ?? true));
    },
    readNamedContents: async (names) =>
      names.map(({ stream, digest }) => contents.get(streamKey(stream))?.get(Buffer.from(digest).toString("hex"))),
    findReply: async (tenant, caller, key) => replies.get(replyKey(tenant, caller, key)),
  };
}
