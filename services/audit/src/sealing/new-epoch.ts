import { setTimeout as sleep } from "node:timers/promises";
import type { NewEpoch, SealTerm } from "./ports.ts";
import { refusalIn, refusalIsNone, type SealRefusedError } from "./refusal.ts";
import { resume, type SealingParts } from "./resume.ts";

/** The log continues what was signed: there is nothing that a new epoch would mend. */
export class NothingToBegin extends Error {
  override readonly name = "NothingToBegin";
}

export type StartedEpoch = {
  readonly epoch: number;
  readonly origin: string;
  readonly position: number;
  readonly refusal: SealRefusedError;
  readonly previousCheckpoint: Uint8Array;
};

/** How often and how long to try for the term: a sealer that refuses gives it up between two looks. */
const TRIES = 20;
const TRY_MS = 250;

/**
 * What an operator does after a refusal that no better backup can mend. Looks at everything again, and only if signing is still refused records the new epoch
 * with the last checkpoints known outside of the database, and then lets the anchor know. A crash between the two leaves an epoch that is refused: begin another one.
 */
export async function startEpoch<By>(
  parts: SealingParts & {
    readonly epochs: { record(epoch: NewEpoch, by: By): Promise<number> };
    takeTerm(): Promise<SealTerm | undefined>;
  },
  by: By,
): Promise<StartedEpoch> {
  const term = await untilTaken(parts.takeTerm);
  try {
    const refusal = await refusalOf(parts);
    const begun = await parts.anchor.epoch();
    const epoch = Math.max(begun, (await parts.epochs.newest()).epoch, (await parts.store.newest())?.epoch ?? 0) + 1;
    const { origin } = parts.signerFor(epoch);
    const previousCheckpoint = await lastKnown(parts, begun);
    const witnessedCheckpoints = await lastWitnessed(parts, begun);
    const { refusal: reason, position: refusedPosition } = refusal;
    const beginning = { epoch, origin, refusal: reason, refusedPosition, previousCheckpoint, witnessedCheckpoints };
    const position = await parts.epochs.record(beginning, by);
    await parts.anchor.begin(epoch);
    return { epoch, origin, position, refusal, previousCheckpoint };
  } finally {
    await term.release().catch(() => {});
  }
}

async function untilTaken(take: () => Promise<SealTerm | undefined>): Promise<SealTerm> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const term = await take();
    if (term !== undefined) return term;
    await sleep(TRY_MS);
  }
  throw new NothingToBegin("another instance seals this ledger all the time, so nothing is refused");
}

async function refusalOf(parts: SealingParts): Promise<SealRefusedError> {
  try {
    await resume(parts);
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal === undefined) throw error;
    if (refusal.refusal === "KEY_UNKNOWN") throw new NothingToBegin(`no new epoch mends a setting: ${refusal.message}`);
    if (refusal.refusal !== "FORGED") return refusal;
    throw new NothingToBegin(`no new epoch seals an event without an append code (deploy/runbook.md, Corrupt events): ${refusal.message}`);
  }
  throw new NothingToBegin("the log continues what was signed");
}

/** What the anchor need not know: it may have been put back together with the database. */
async function lastWitnessed({ witnesses, signerFor }: SealingParts, begun: number): Promise<readonly Uint8Array[]> {
  const seen = begun === 0 ? [] : await witnesses.newest(signerFor(begun));
  return [...new Map(seen.map(({ note }) => [Buffer.from(note).toString("latin1"), note])).values()];
}

/** From the anchor; only if it holds nothing that can be read, what the database says. */
async function lastKnown({ anchor, store }: SealingParts, begun: number): Promise<Uint8Array> {
  for (let epoch = begun; epoch > 0; epoch -= 1) {
    const newest = await anchor.newest(epoch).catch(refusalIsNone);
    if (newest !== undefined) return newest.note;
  }
  return (await store.newest())?.note ?? new Uint8Array();
}
