import { pagesOf, type ContentName, type EventReader, type RecordedEvent, type Stretch, type TenantReader } from "@countersign/event-log";
import { contentRefs, readPayload, type ExportedEntry } from "@countersign/evidence";
import type { LaterErasures } from "./later-erasures.ts";

/** What an export reads of the log. */
export type ExportReader = TenantReader & Pick<EventReader, "readNamedContents">;

/** Entries that go out together, with the last event among them. */
export type ExportedEntries = { readonly entries: readonly ExportedEntry[]; readonly last: RecordedEvent };

const POLICY = "policy";
/** Contents that are read at once; each may have 128 KiB. */
const MOST_CONTENTS = 128;

/** Events that an archive of a stretch holds: the policies' before it, the one before it, the stretch, and the one behind it. In order of position. */
export async function* eventsOfArchive(
  log: ExportReader,
  tenant: string,
  { first, last }: Stretch,
): AsyncGenerator<readonly RecordedEvent[]> {
  const policies = await log.readStream({ tenant, type: POLICY, id: "default" });
  yield policies.filter(({ tenantSequence }) => tenantSequence < first - 1);
  yield* pagesOf(log, tenant, { first: first - 1, last: last + 1 });
}

/** The same with their contents. */
export async function* exportedEntries(
  log: ExportReader,
  pages: AsyncIterable<readonly RecordedEvent[]>,
  later: LaterErasures,
): AsyncGenerator<ExportedEntries> {
  for await (const page of pages) {
    let batch: ReadEvent[] = [];
    let wanted = 0;
    for (const event of page) {
      const read = readRefs(event);
      batch.push(read);
      wanted += read.refs.length;
      if (wanted < MOST_CONTENTS) continue;
      yield await withContents(log, batch, event, later);
      [batch, wanted] = [[], 0];
    }
    const last = page.at(-1);
    if (last !== undefined && batch.length > 0) yield await withContents(log, batch, last, later);
  }
}

type ReadEvent = Pick<ExportedEntry, "payload"> & { readonly event: RecordedEvent; readonly refs: readonly Uint8Array[] };

function readRefs(event: RecordedEvent): ReadEvent {
  const payload = readPayload(event);
  return { event, payload, refs: payload === undefined ? NO_REFS : contentRefs(payload) };
}

async function withContents(
  log: ExportReader,
  batch: readonly ReadEvent[],
  last: RecordedEvent,
  later: LaterErasures,
): Promise<ExportedEntries> {
  const names = batch.flatMap(({ event: { stream }, refs }) => refs.map((digest): ContentName => ({ stream, digest })));
  const read = await log.readNamedContents(names);
  const entries: ExportedEntry[] = [];
  let next = 0;
  for (const { event, payload, refs } of batch) {
    if (refs.length === 0) {
      entries.push({ event, payload, contents: NO_CONTENTS });
      continue;
    }
    const contents = new Map<string, NonNullable<ReturnType<ExportedEntry["contents"]["get"]>>>();
    const found = read.slice(next, (next += refs.length));
    for (const [number, content] of found.entries()) {
      if (content !== undefined) contents.set(Buffer.from(refs[number] ?? []).toString("hex"), content);
    }
    const erased = found.includes(undefined) ? { erasedLater: await later.of(event.stream) } : {};
    entries.push({ event, payload, contents, ...erased });
  }
  return { entries, last };
}

const NO_REFS: readonly Uint8Array[] = [];
const NO_CONTENTS: ExportedEntry["contents"] = new Map();
