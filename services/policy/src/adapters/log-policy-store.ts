import { create } from "@bufbuild/protobuf";
import { contentDigest, newSalt } from "@countersign/digest";
import { EventLogError, until, type EventLog, type RecordedEvent } from "@countersign/event-log";
import { decodeEvent, encodeEvent, type DecodedEvent } from "@countersign/events";
import { ContentRefSchema } from "@countersign/proto/event/v1/action_events_pb";
import { PolicyActivatedSchema, PolicyPublishedSchema } from "@countersign/proto/event/v1/policy_events_pb";
import { createHash } from "node:crypto";
import type { PolicyEvent } from "../domain/stream-events.ts";
import { evolve, initialState } from "../domain/stream-state.ts";
import { PolicyStoreError, type PolicyStore, type PolicyStream, type SealedDocument } from "../usecases/policy-store.ts";

/** The stream type that only this service appends to. */
export const POLICY_STREAM = "policy";

/** Keeps policies in the event log. */
export function createLogPolicyStore(log: EventLog): PolicyStore {
  const altered = async (tenant: string, revision: number): Promise<PolicyStoreError> => {
    const events = await reached(() => log.readStream(streamOf(tenant)));
    const names = (event: PolicyEvent) => event.type === "PolicyPublished" && event.revision === revision;
    const position = events.find((event) => names(fromRecord(event)))?.position;
    const cause = new EventLogError("corrupt", `a policy document is not what the event at position ${position} names`, { position });
    return new PolicyStoreError("unreadable", `the document of revision ${revision} is not what was published`, { cause });
  };
  return {
    async load(tenant, known = { version: 0, state: initialState }) {
      const events = await reached(() => log.readStream(streamOf(tenant), known.version));
      return understood(() => events.reduce(fold, known));
    },
    async past(tenant, moment) {
      const events = until(await reached(() => log.readStream(streamOf(tenant))), moment);
      return understood(() => events.reduce(fold, { version: 0, state: initialState }));
    },
    async append({ tenant, expectedVersion, events, document, actor, timeMs, traceparent }) {
      const { outcome } = await reached(() =>
        log.append({
          stream: streamOf(tenant),
          expectedVersion,
          events: events.map((event) => encodeEvent(toRecord(event))),
          contents: document === undefined ? [] : [toContent(document)],
          actor,
          time: new Date(timeMs),
          traceparent,
        }),
      );
      return outcome === "appended";
    },
    async readDocument(tenant, revision) {
      const contents = await reached(() => log.readContents(streamOf(tenant)));
      const content = contents.get(revision.contentDigest);
      if (content === undefined) return undefined;
      const intact =
        hex(contentDigest(content.salt, content.body)) === revision.contentDigest && sha256(content.body) === revision.documentDigest;
      if (!intact) throw await altered(tenant, revision.revision);
      return Buffer.from(content.body).toString("utf8");
    },
    seal: (text) => {
      const salt = newSalt();
      return { text, salt, documentDigest: sha256(Buffer.from(text)), contentDigest: hex(contentDigest(salt, Buffer.from(text))) };
    },
  };
}

function streamOf(tenant: string) {
  return { tenant, type: POLICY_STREAM, id: "default" };
}

function fold(stream: PolicyStream, recorded: RecordedEvent): PolicyStream {
  return { version: recorded.streamVersion, state: evolve(stream.state, fromRecord(recorded)) };
}

function fromRecord(recorded: RecordedEvent): PolicyEvent {
  const event = decodeEvent(recorded);
  switch (event.type) {
    case "PolicyPublished":
      return {
        type: event.type,
        revision: Number(event.data.revision),
        documentDigest: hex(event.data.documentDigest),
        contentDigest: hex(event.data.document?.digest ?? new Uint8Array()),
        publisher: recorded.actor,
        timeMs: recorded.time.getTime(),
      };
    case "PolicyActivated":
      return { type: event.type, revision: Number(event.data.revision), activator: recorded.actor, timeMs: recorded.time.getTime() };
    default:
      throw new PolicyStoreError("unreadable", `a policy stream holds a ${event.type}`);
  }
}

function toRecord(event: PolicyEvent): DecodedEvent {
  const revision = BigInt(event.revision);
  switch (event.type) {
    case "PolicyPublished": {
      const document = create(ContentRefSchema, { digest: bytes(event.contentDigest) });
      return { type: event.type, data: create(PolicyPublishedSchema, { revision, documentDigest: bytes(event.documentDigest), document }) };
    }
    case "PolicyActivated":
      return { type: event.type, data: create(PolicyActivatedSchema, { revision }) };
  }
}

function toContent({ contentDigest: digest, salt, text }: SealedDocument) {
  return { digest: bytes(digest), salt, body: Buffer.from(text) };
}

/** An event of a newer build, or bytes that are none, must not pass for a policy without them. */
function understood<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof PolicyStoreError) throw cause;
    throw new PolicyStoreError("unreadable", "the policy stream holds what this build does not understand", { cause });
  }
}

async function reached<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof EventLogError)) throw cause;
    throw new PolicyStoreError(cause.code === "corrupt" ? "unreadable" : "unreachable", "the event log did not answer", { cause });
  }
}

function sha256(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex");
}

function hex(digest: Uint8Array): string {
  return Buffer.from(digest).toString("hex");
}

function bytes(digest: string): Buffer {
  return Buffer.from(digest, "hex");
}
