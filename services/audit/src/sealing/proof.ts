import { formatProofFile, TlogError, verifyInclusion } from "@countersign/tlog";
import type { Assurance, StoredCheckpoint, TreeStore } from "./ports.ts";

/** An event as far as its proof is concerned. */
export type ProvenEvent = { readonly position: number; readonly leafHash: Uint8Array };

/**
 * The proof of an event against the newest checkpoint of the assurance asked for, verified before it is handed out. Nothing while the event is not sealed, and
 * when what was sealed at its position is another one: a checkpoint that covers a position need not cover what stands there now.
 */
export async function proofFor(store: TreeStore, event: ProvenEvent, assurance: Assurance): Promise<Uint8Array | undefined> {
  const checkpoint = await store.newest({ assurance });
  if (checkpoint === undefined || checkpoint.size <= event.position) return undefined;
  const proof = await verifiedProof(store, event, checkpoint);
  return proof && formatProofFile({ index: event.position, proof, checkpoint: checkpoint.note });
}

async function verifiedProof(
  store: TreeStore,
  { position, leafHash }: ProvenEvent,
  { epoch, size, root }: StoredCheckpoint,
): Promise<readonly Uint8Array[] | undefined> {
  try {
    const proof = await store.inclusionProof(epoch, position, size);
    verifyInclusion({ index: position, leaf: leafHash, size, root }, proof);
    return proof;
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}
