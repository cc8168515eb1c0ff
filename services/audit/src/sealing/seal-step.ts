import { edgeRange, formatCheckpoint, formatNote, growEdge, rootHash } from "@countersign/tlog";
import { CHUNK, type SealingParts, type SealState } from "./resume.ts";
import { SealRefusedError } from "./refusal.ts";
import type { SealTerm } from "./ports.ts";

/** What a step did: where sealing stands now, and whether there may be more at once. */
export type SealStep = { readonly state: SealState; readonly more: boolean };

/**
 * Seals the next events, at most 4,096: tiles and a checkpoint, or nothing when there is nothing new. In one transaction that only the holder of the term
 * gets: tiles and checkpoint are written, the checkpoint is made durable outside of the database, and only then does the commit make it visible.
 * @throws SealRefusedError, TermLostError
 */
export async function sealStep(parts: SealingParts, term: SealTerm, state: SealState): Promise<SealStep> {
  const { log, anchor } = parts;
  const { epoch, signer } = state;
  const head = await log.head();
  const from = state.edge.size;
  if (head < from) throw new SealRefusedError("ROLLED_BACK", head, `the log ends at ${head}, and ${from} events are sealed`);
  if (head === from) return { state, more: false };
  const { edge, tiles } = growEdge(state.edge, await log.leaves(from, Math.min(from + CHUNK, head)));
  await term.write(async (writer) => {
    await writer.tiles(epoch.epoch, tiles);
    // An epoch that an event began shows nothing that does not commit to it.
    if (edge.size < epoch.firstSize) return;
    await refuseIfOvertaken(parts, state);
    const root = rootHash(edgeRange(edge));
    const text = formatCheckpoint({ origin: signer.origin, size: edge.size, root, extensions: [] });
    const note = formatNote({ text, signatures: [...(await signer.sign(text))] });
    await writer.checkpoint({ epoch: epoch.epoch, origin: signer.origin, size: edge.size, root, note });
    await anchor.append(epoch.epoch, edge.size, note);
  });
  return { state: { ...state, edge, anchored: Math.max(state.anchored, edge.size) }, more: head > edge.size };
}

/** Nobody else can have signed meanwhile, unless the database under us was exchanged. */
async function refuseIfOvertaken({ anchor }: SealingParts, { epoch, edge, anchored }: SealState): Promise<void> {
  const begun = await anchor.epoch();
  const size = begun === epoch.epoch ? ((await anchor.newest(begun))?.size ?? 0) : Infinity;
  if (size <= Math.max(edge.size, anchored)) return;
  throw new SealRefusedError("ROLLED_BACK", edge.size, "a newer checkpoint was signed than the database knows of");
}
