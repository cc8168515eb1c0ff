import { setTimeout as sleep } from "node:timers/promises";
import { meetsQuorum, parseNote, TlogError, type TrustPolicy } from "@countersign/tlog";
import type { Logger } from "@countersign/telemetry";
import type { Kysely } from "kysely";
import { markWitnessed, storeCosignature } from "./adapters/cosignatures.ts";
import type { HttpWitnesses, Witness } from "./adapters/http-witnesses.ts";
import type { CheckpointSigner, StoredCheckpoint, TreeStore } from "./ports.ts";
import type { RunningSealer } from "./sealer.ts";

export type WitnessingOptions = {
  readonly policy: TrustPolicy;
  readonly witnesses: HttpWitnesses;
  readonly store: TreeStore;
  readonly signerFor: (epoch: number) => CheckpointSigner;
  readonly sealer: Pick<RunningSealer, "status" | "recheck">;
  readonly database: Kysely<unknown>;
  readonly ledger: string;
  readonly logger: Logger;
  /** Between two checkpoints for one witness. */
  readonly intervalMs?: number;
};

const INTERVAL_MS = 1000;
const MAX_PAUSE_MS = 30_000;

/** Asks every witness of the policy to cosign the newest checkpoint, each at its own pace, while this instance seals. */
export function startWitnessing(options: WitnessingOptions): { close(): Promise<void> } {
  const closing = new AbortController();
  const loops = options.witnesses.reachable.map((witness) => follow(options, witness, closing.signal));
  return {
    close: async () => {
      closing.abort();
      await Promise.all(loops);
    },
  };
}

async function follow(options: WitnessingOptions, witness: Witness, signal: AbortSignal): Promise<void> {
  const { logger, intervalMs = INTERVAL_MS } = options;
  let seen: Seen = { epoch: 0, size: 0 };
  for (let failures = 0; !signal.aborted;) {
    try {
      if (options.sealer.status().state === "sealing") seen = await askOnce(options, witness, seen);
      failures = 0;
    } catch (error) {
      failures += 1;
      logger.warn({ witness: witness.name, err: error }, "a witness did not cosign; it is asked again");
    }
    const pauseMs = Math.min(intervalMs * 2 ** Math.min(failures, 10), MAX_PAUSE_MS);
    await sleep(pauseMs, undefined, { signal }).catch(() => {});
  }
}

/** What the witness has, as far as we know. */
type Seen = { readonly epoch: number; readonly size: number };

async function askOnce(options: WitnessingOptions, witness: Witness, seen: Seen, told = false): Promise<Seen> {
  const { store, witnesses } = options;
  const checkpoint = await store.newest();
  if (checkpoint === undefined) return seen;
  const { epoch, size } = checkpoint;
  const oldSize = seen.epoch === epoch ? seen.size : 0;
  if (oldSize === size && !told) return seen;
  const proof = oldSize === 0 ? [] : await store.consistencyProof(epoch, oldSize, size);
  // Only what the log has signed: the specification wants the log's own signatures.
  const { text } = parseNote(checkpoint.note);
  const answer = await witnesses.submit(witness, { oldSize, proof, checkpoint: checkpoint.note }, text);
  switch (answer.kind) {
    case "cosigned":
      await storeCosignature(options.database, options.ledger, checkpoint, answer.signature);
      await markIfMet(options, checkpoint);
      return { epoch, size };
    case "size":
      // It has seen more than the database knows of: an older database under a newer log.
      if (answer.size > size && answer.size > ((await store.newest({ epoch }))?.size ?? 0))
        return doubt(options, witness, epoch, "it says that it has seen a larger log");
      if (told) throw new Error("it does not take the size that it says it has");
      return askOnce(options, witness, { epoch, size: answer.size }, true);
    case "contradicted":
      return doubt(options, witness, epoch, "it says that it has seen another log");
  }
}

/** Anybody can say so, and everything would be read again each time: it counts with a checkpoint of ours that does not fit. */
async function doubt(options: WitnessingOptions, witness: Witness, epoch: number, reason: string): Promise<never> {
  const { store, witnesses, signerFor, sealer } = options;
  const seen = await witnesses.seenBy(witness, signerFor(epoch));
  if (seen === undefined) throw new Error(`${reason}, and does not show it`);
  const size = (await store.newest({ epoch }))?.size ?? 0;
  const fits = seen.size <= size && Buffer.compare(await store.root(epoch, seen.size), seen.root) === 0;
  if (fits) throw new Error(`${reason}, and shows what fits`);
  sealer.recheck();
  throw new Error(reason);
}

async function markIfMet({ policy, store, database, ledger }: WitnessingOptions, { epoch, size }: StoredCheckpoint): Promise<void> {
  const stored = await store.covering({ size, epoch });
  if (stored === undefined) throw new TlogError("checkpoint_malformed", `there is no checkpoint of ${size} events`);
  const { signatures } = parseNote(stored.note);
  // Each was verified before it was stored.
  const cosigners = policy.witnesses.filter(({ key }) => signatures.some(({ name, keyId }) => name === key.name && keyId === key.id));
  const met = meetsQuorum(
    policy.quorum,
    cosigners.map(({ key }) => key),
  );
  if (met) await markWitnessed(database, ledger, { epoch, size });
}
