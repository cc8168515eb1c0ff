import type { EventReader, RecordedEvent } from "@countersign/event-log";
import { contentRefs, readPayload, type ExportedEntry } from "@countersign/evidence";
import { eventsFrom, findFirst, type Stretch, type TenantReader } from "./tenant-log.ts";

/** What an export reads of the log. */
export type ExportReader = TenantReader & Pick<EventReader, "readContents">;

const POLICY = "policy";
/** Entries whose contents are read at once; contents may have 128 KiB each. */
const BATCH = 128;
/** Reads of contents under way at one time. */
const AT_ONCE = 4;

/** Events that an archive of a stretch holds: the policies' before it, the one before it, the stretch, and the one behind it. In order of position. */
export async function* eventsOfArchive(log: ExportReader, tenant: string, { first, last }: Stretch): AsyncGenerator<RecordedEvent> {
  const policies = await log.readStream({ tenant, type: POLICY, id: "default" });
  yield* policies.filter(({ tenantSequence }) => tenantSequence < first - 1);
  const begin = await findFirst(log, tenant, ({ tenantSequence }) => tenantSequence >= first - 1);
  for await (const event of eventsFrom(log, tenant, begin?.position)) {
    if (event.tenantSequence > last + 1) return;
    yield event;
  }
}

/** The same with their contents. `onEvent` hears of each as it goes out. */
export async function* exportedEntries(
  log: ExportReader,
  events: AsyncIterable<RecordedEvent>,
  onEvent: (event: RecordedEvent) => void,
): AsyncGenerator<ExportedEntry> {
  let batch: RecordedEvent[] = [];
  for await (const event of events) {
    batch.push(event);
    if (batch.length < BATCH) continue;
    yield* withContents(log, batch, onEvent);
    batch = [];
  }
  yield* withContents(log, batch, onEvent);
}

async function* withContents(
  log: ExportReader,
  events: readonly RecordedEvent[],
  onEvent: (event: RecordedEvent) => void,
): AsyncGenerator<ExportedEntry> {
  const wanted = new Map<string, { readonly stream: RecordedEvent["stream"]; readonly digests: Uint8Array[] }>();
  for (const event of events) {
    const payload = readPayload(event);
    const digests = payload === undefined ? [] : contentRefs(payload);
    if (digests.length === 0) continue;
    const key = keyOf(event);
    const stream = wanted.get(key) ?? { stream: event.stream, digests: [] };
    stream.digests.push(...digests);
    wanted.set(key, stream);
  }
  const contents = new Map<string, ExportedEntry["contents"]>();
  const left = [...wanted];
  while (left.length > 0) {
    const some = left.splice(0, AT_ONCE);
    await Promise.all(some.map(async ([key, { stream, digests }]) => contents.set(key, await log.readContents(stream, digests))));
  }
  for (const event of events) {
    onEvent(event);
    yield { bytes: event.entry, contents: contents.get(keyOf(event)) ?? new Map() };
  }
}

const keyOf = ({ stream }: RecordedEvent): string => `${stream.type}\0${stream.id}`;
