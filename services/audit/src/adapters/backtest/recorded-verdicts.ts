import { EventLogError, type EventReader, type RecordedEvent } from "@countersign/event-log";
import { decodeEvent, type DecodedEvent } from "@countersign/events";
import type { ActionRequested } from "@countersign/proto/event/v1/action_events_pb";
import type { Verdict } from "@countersign/proto/v1/action_pb";
import { LRUCache } from "lru-cache";

/** What policy is asked: the request, and the digest of its input, which edits change. */
type Asked = { readonly requested: ActionRequested; readonly input: Uint8Array };

/** A verdict in the log, and what it answers. */
export type RecordedVerdict = Asked & { readonly event: RecordedEvent; readonly verdict: Verdict };

/** Actions whose question is remembered; that of any other is read from its stream. */
const KEPT = 1000;
const READ: ReadonlySet<string> = new Set(["ActionRequested", "ActionEdited", "VerdictReached"]);

/** Finds the verdicts in one tenant's log, page after page, with what they answer: also where that stands before the first page. */
export class RecordedVerdicts {
  readonly #log: Pick<EventReader, "readStream">;
  readonly #asked = new LRUCache<string, Asked>({ max: KEPT });

  constructor(log: Pick<EventReader, "readStream">) {
    this.#log = log;
  }

  /** Those of the page that comes next. */
  async of(page: readonly RecordedEvent[]): Promise<readonly RecordedVerdict[]> {
    const found: RecordedVerdict[] = [];
    for (const event of page.filter(isRead)) {
      const decoded = decodeEvent(event);
      const known = this.#asked.get(event.stream.id);
      const asked = decoded.type === "VerdictReached" ? (known ?? (await this.#before(event))) : fold(known, decoded);
      if (asked !== undefined) this.#asked.set(event.stream.id, asked);
      if (decoded.type !== "VerdictReached") continue;
      const { verdict } = decoded.data;
      if (asked === undefined || verdict === undefined)
        throw new EventLogError("corrupt", `the verdict at position ${event.position} answers nothing`, { position: event.position });
      found.push({ ...asked, event, verdict });
    }
    return found;
  }

  async #before({ stream, streamVersion }: RecordedEvent): Promise<Asked | undefined> {
    const events = await this.#log.readStream(stream);
    return events
      .filter((event) => event.streamVersion < streamVersion && isRead(event))
      .map(decodeEvent)
      .reduce(fold, undefined);
  }
}

function isRead({ stream, type }: RecordedEvent): boolean {
  return stream.type === "action" && READ.has(type);
}

function fold(asked: Asked | undefined, { type, data }: DecodedEvent): Asked | undefined {
  if (type === "ActionRequested") return data.input && { requested: data, input: data.input.digest };
  if (type === "ActionEdited") return asked && data.input && { ...asked, input: data.input.digest };
  return asked;
}
