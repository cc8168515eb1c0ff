import { oneAhead, stretchOf, type EventLog, type RecordedEvent } from "@countersign/event-log";
import { writeArchive, type ExportedEntry, type GrantKey, type Reporter, type WrittenArchive } from "@countersign/evidence";
import { nodesOfTiles, parseVerifierKey, tilesOfNodes, type NodeId, type VerifierKey } from "@countersign/tlog";
import type { Assurance, StoredCheckpoint, TreeStore } from "../sealing/ports.ts";
import { eventsOfArchive, exportedEntries, type ExportedEntries } from "./exported-entries.ts";
import { LaterErasures } from "./later-erasures.ts";

/** What an export stands on. */
export type ExportParts = {
  readonly log: EventLog;
  readonly store: Pick<TreeStore, "newest" | "tiles">;
  /** Verifier keys of an epoch's origin. */
  readonly verifierKeys: (epoch: number) => readonly string[];
  readonly witnessKeys: readonly VerifierKey[];
  /** Whether the event is sealed before the time is over. */
  readonly awaitSealed: (event: RecordedEvent, assurance: Assurance, timeoutMs: number) => Promise<boolean>;
  /** How long the request for the export may take to be sealed. */
  readonly sealWaitMs: number;
  /** Public keys of votes and grants. */
  readonly grantKeys: readonly GrantKey[];
  readonly reporter: Reporter;
};

export type Period = { readonly from: Date | undefined; readonly to: Date };

export type ExportProgress = { readonly position: number; readonly done: number; readonly total: number };

export type Exported = WrittenArchive & { readonly checkpoint: StoredCheckpoint };

/** The request for the export is not sealed in time: nothing was exported. */
export class NotSealedError extends Error {
  override readonly name = "NotSealedError";
}

/** Subtree hashes that are looked up at once: as many tiles, of 8 KiB each, are loaded for them at most. */
const NODES_AT_ONCE = 256;

/**
 * Makes the archive of a tenant's period. `requested` is the event that asked for it: nothing of the tenant can be missing between the period and it.
 * @throws NotSealedError, EvidenceError `source_inconsistent` when the log is not what was sealed
 */
export async function* exportArchive(
  parts: ExportParts,
  tenant: string,
  period: Period,
  { requested, assurance }: { readonly requested: RecordedEvent; readonly assurance: Assurance },
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly progress: ExportProgress }, Exported> {
  const { log, store } = parts;
  const sealed = await parts.awaitSealed(requested, assurance, parts.sealWaitMs);
  const checkpoint = sealed ? await store.newest({ assurance }) : undefined;
  if (checkpoint === undefined) throw new NotSealedError(`the request for this export is not ${assurance} yet`);
  const { first, last } = await stretchOf(log, tenant, { ...period, before: requested.tenantSequence });
  const total = last - first + 1;
  let progress: ExportProgress = { position: 0, done: 0, total };
  const taken = ({ entries, last: newest }: ExportedEntries): readonly ExportedEntry[] => {
    const done = Math.min(newest.tenantSequence, last) - first + 1;
    if (done > 0) progress = { position: newest.position, done, total };
    return entries;
  };
  const later = new LaterErasures(log, last + 1);
  const archive = writeArchive({
    header: { tenant, ledger: log.ledger, from: period.from?.getTime(), to: period.to.getTime(), firstSequence: first, lastSequence: last },
    checkpoint: checkpoint.note,
    logKeys: parts.verifierKeys(checkpoint.epoch).map(parseVerifierKey),
    witnessKeys: parts.witnessKeys,
    grantKeys: parts.grantKeys,
    entries: mapped(oneAhead(exportedEntries(log, eventsOfArchive(log, tenant, { first, last }), later)), taken),
    hashes: (nodes) => hashesOf(store, checkpoint, nodes),
    reporter: parts.reporter,
  });
  for (;;) {
    const next = await archive.next();
    if (next.done === true) return { ...next.value, checkpoint };
    yield { bytes: next.value, progress };
  }
}

async function* mapped<From, To>(source: AsyncIterable<From>, map: (item: From) => To): AsyncGenerator<To> {
  for await (const item of source) yield map(item);
}

async function hashesOf(
  store: Pick<TreeStore, "tiles">,
  { epoch, size }: StoredCheckpoint,
  nodes: readonly NodeId[],
): Promise<readonly Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for (let at = 0; at < nodes.length; at += NODES_AT_ONCE) {
    const some = nodes.slice(at, at + NODES_AT_ONCE);
    const source = nodesOfTiles(size, await store.tiles(epoch, tilesOfNodes(some, size)));
    hashes.push(...some.map(source));
  }
  return hashes;
}
