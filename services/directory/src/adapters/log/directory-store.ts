import { contentDigest, isContentOf, newSalt } from "@countersign/digest";
import { EventLogError, type Content, type EventLog, type RecordedEvent } from "@countersign/event-log";
import { decodeEvent, encodeEvent, isDirectoryEvent, UnknownEventError } from "@countersign/events";
import type { Profile } from "../../domain/profile.ts";
import { DirectoryStoreError, type DirectoryStore, type KeptProfile, type StoredEvent } from "../../usecases/ports.ts";
import { fromEventMessage, toEventMessage, type EventMessage } from "./event-codec.ts";
import { fromBody } from "./profile-content.ts";

/** The stream type that only this service appends to. */
const DIRECTORY_STREAM = "directory";

/** An append holds at most 100 events. */
const MAX_EVENTS = 100;

/** Directories in the event log, one stream per tenant, with profiles as content beside it. */
export function createDirectoryStore(log: EventLog): DirectoryStore {
  return {
    read: async (tenant, afterVersion) => {
      const recorded = await reached(() => log.readStream(streamOf(tenant), afterVersion));
      if (recorded.length === 0) return [];
      const messages = recorded.map(toMessage);
      const digests = messages.flatMap((message) => profileDigest(message) ?? []);
      const contents = digests.length === 0 ? new Map<string, Content>() : await reached(() => log.readContents(streamOf(tenant), digests));
      return recorded.map((event, index) => toStored(event, messages[index], contents));
    },
    append: async (tenant, expectedVersion, events, { actor, atMs, traceparent }) => {
      if (events.length > MAX_EVENTS) throw new DirectoryStoreError("unreadable", "one change has more parts than the log takes at once");
      const contents: Content[] = [];
      const seal = (body: Uint8Array): Uint8Array => {
        const salt = newSalt();
        const digest = contentDigest(salt, body);
        contents.push({ digest, salt, body });
        return digest;
      };
      const request = events.map((event) => encodeEvent(toEventMessage(event, seal)));
      const appended = await reached(() =>
        log.append({
          stream: streamOf(tenant),
          expectedVersion,
          events: request,
          contents,
          erased: events.flatMap((event) =>
            event.type === "PersonErased" ? event.digests.map((digest) => Buffer.from(digest, "hex")) : [],
          ),
          actor,
          time: new Date(atMs),
          traceparent,
        }),
      );
      if (appended.outcome !== "appended") return undefined;
      return appended.events.flatMap((recorded, index) => {
        const event = events[index];
        return event === undefined ? [] : [{ version: recorded.streamVersion, position: recorded.position, atMs, event }];
      });
    },
    profilesOf: async (tenant, personId) => {
      const recorded = await reached(() => log.readStream(streamOf(tenant)));
      const own = recorded.filter((event) => isAbout(toMessage(event), personId));
      const contents = await reached(() =>
        log.readContents(
          streamOf(tenant),
          own.flatMap((event) => profileDigest(toMessage(event)) ?? []),
        ),
      );
      const profiles = own.flatMap((event): readonly KeptProfile[] => {
        const digest = Buffer.from(profileDigest(toMessage(event)) ?? []).toString("hex");
        const content = contents.get(digest);
        const named = { digest, namedBy: `${event.type}.profile`, version: event.streamVersion };
        return content === undefined ? [] : [{ ...named, bytes: content.body.byteLength }];
      });
      return { version: recorded.length, known: own.length > 0, profiles };
    },
  };
}

function isAbout(message: EventMessage, personId: string): boolean {
  return (message.type === "PersonProvisioned" || message.type === "PersonChanged") && message.data.personId === personId;
}

function streamOf(tenant: string) {
  return { tenant, type: DIRECTORY_STREAM, id: "default" };
}

function toMessage(recorded: RecordedEvent): EventMessage {
  try {
    const event = decodeEvent(recorded);
    if (isDirectoryEvent(event) || event.type === "ContentErased") return event;
  } catch (error) {
    if (!(error instanceof UnknownEventError)) throw error;
  }
  // P7: the directory without an event that this build does not know could let somebody decide who may not any more.
  throw new DirectoryStoreError("unreadable", `a directory stream holds a ${recorded.type} that this build does not know`);
}

function toStored(recorded: RecordedEvent, message: EventMessage | undefined, contents: ReadonlyMap<string, Content>): StoredEvent {
  if (message === undefined) throw new Error("an event lost its message");
  const profileOf = (digest: Uint8Array): Profile => fromBody(bodyOf(contents, digest, recorded.position));
  return {
    version: recorded.streamVersion,
    position: recorded.position,
    atMs: recorded.time.getTime(),
    event: fromEventMessage(message, profileOf),
  };
}

function profileDigest(message: EventMessage): Uint8Array | undefined {
  return message.type === "PersonProvisioned" || message.type === "PersonChanged" ? message.data.profile?.digest : undefined;
}

/** Undefined: erased. @throws DirectoryStoreError unreadable, when it is not what the event at the position names. */
function bodyOf(contents: ReadonlyMap<string, Content>, digest: Uint8Array, position: number): Uint8Array | undefined {
  const content = contents.get(Buffer.from(digest).toString("hex"));
  if (content === undefined) return undefined;
  if (isContentOf(digest, content)) return content.body;
  const cause = new EventLogError("corrupt", `a person's profile is not what the event at position ${position} names`, { position });
  throw new DirectoryStoreError("unreadable", "a person's profile is not what was recorded", { cause });
}

async function reached<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof EventLogError)) throw error;
    const code = error.code === "corrupt" || error.code === "invalid" ? "unreadable" : "unreachable";
    throw new DirectoryStoreError(code, "the directory's log failed", { cause: error });
  }
}
