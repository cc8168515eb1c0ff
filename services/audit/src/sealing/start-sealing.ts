import { formatVerifierKey, type VerifierKey } from "@countersign/tlog";
import type { Database } from "@countersign/database";
import type { Actor, AppendKeys, EventLog } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { epochHistory } from "../adapters/events/epochs.ts";
import { anchorDirectory } from "./adapters/anchor-directory.ts";
import { postgresSealableLog } from "./adapters/postgres-sealable-log.ts";
import { takeSealTerm } from "./adapters/postgres-seal-term.ts";
import { postgresTreeStore } from "./adapters/postgres-tree-store.ts";
import { startTileServer } from "./adapters/tile-server.ts";
import { httpWitnesses } from "./adapters/http-witnesses.ts";
import type { Check } from "../ledger/flaws.ts";
import { checkSealed } from "./check-sealed.ts";
import type { SealingConfig } from "./config.ts";
import { NothingToBegin, startEpoch, type StartedEpoch } from "./new-epoch.ts";
import type { Assurance, TreeStore } from "./ports.ts";
import { proofFor, type ProvenEvent } from "./proof.ts";
import { SealWatch } from "./seal-watch.ts";
import { startSealer } from "./sealer.ts";
import { signerFor } from "./signer.ts";
import { observeSealing, type SealStatus } from "./status.ts";
import { startWitnessing } from "./witnessing.ts";

const TERM_MS = 3000;

/** Sealing as the rest of the service uses it. */
export type Sealing = {
  readonly store: TreeStore;
  status(): SealStatus;
  /** Verifier keys of an epoch's origin, those that sign now first. */
  verifierKeys(epoch: number): readonly string[];
  /** Of the witnesses that the policy names. */
  readonly witnessKeys: readonly VerifierKey[];
  /** Whether the event is sealed before the time is over: it, and not only its position. */
  awaitSealed(event: ProvenEvent, assurance: Assurance, timeoutMs: number): Promise<boolean>;
  /** Of all that was sealed; returns what could not be checked. */
  check(): Check<readonly string[]>;
  /** @throws NothingToBegin */
  startEpoch(by: { readonly actor: Actor; readonly time: Date }): Promise<StartedEpoch>;
  /** host:port of the tiles, if they are served. */
  readonly tilesAddress: string | undefined;
  close(): Promise<void>;
};

export type SealingDeps = {
  readonly database: Database;
  readonly log: EventLog;
  readonly appendKeys: AppendKeys;
  readonly logger: Logger;
  /** How long a holder may be silent before another instance takes over; default 3 s. */
  readonly termMs?: number;
};

/** Seals the ledger, asks witnesses, and serves checkpoints and tiles. Any number of instances may run; one of them seals. */
export async function startSealing(
  config: SealingConfig,
  { database: pool, log, appendKeys, logger, termMs = TERM_MS }: SealingDeps,
): Promise<Sealing> {
  const database = pool.kysely<unknown>();
  const store = postgresTreeStore(database, log.ledger);
  const witnesses = httpWitnesses(config.witnesses?.witnesses ?? [], logger);
  const witnessKeys = (config.witnesses?.witnesses ?? []).map(({ key }) => key);
  const epochs = epochHistory(log);
  const anchor = anchorDirectory(config.anchorDirectory, log.ledger);
  const signer = (epoch: number) => signerFor(config.origin, epoch, config.keys);
  const verifierKeys = (epoch: number) => signer(epoch).known.map(formatVerifierKey);
  const parts = { log: postgresSealableLog(pool, log.ledger, appendKeys), store, anchor, witnesses, epochs, signerFor: signer };
  const takeTerm = (lifetimeMs = termMs) => takeSealTerm(database, log.ledger, lifetimeMs);
  const tiles =
    config.tiles && (await startTileServer({ ...config.tiles, store, verifierKeys, witnessed: config.witnesses !== undefined }));
  const sealer = startSealer({ ...parts, takeTerm, intervalMs: config.intervalMs, renewMs: termMs / 4, refusedMs: 5000, logger });
  const witnessing =
    config.witnesses &&
    startWitnessing({ policy: config.witnesses, witnesses, store, signerFor: signer, sealer, database, ledger: log.ledger, logger });
  const stopObserving = observeSealing(log.ledger, () => sealer.status());
  const watch = new SealWatch(store);
  return {
    store,
    status: () => sealer.status(),
    verifierKeys,
    witnessKeys,
    awaitSealed: async (event, assurance, timeoutMs) =>
      (await watch.covered(event.position, assurance, timeoutMs)) && (await proofFor(store, event, assurance)) !== undefined,
    check: async function* () {
      return yield* checkSealed({ ...parts, epoch: (await epochs.newest()).epoch, witnessKeys });
    },
    startEpoch: async (by) => {
      if (sealer.status().state === "sealing") throw new NothingToBegin("the log continues what was signed, and is being sealed");
      const started = await startEpoch({ ...parts, epochs, takeTerm: () => takeTerm(30_000) }, by);
      sealer.wake();
      return started;
    },
    tilesAddress: tiles?.address,
    close: async () => {
      stopObserving();
      await tiles?.close();
      await witnessing?.close();
      await sealer.close();
    },
  };
}
