import { openDatabase } from "@countersign/database";
import { createPostgresEventLog, scanLedger, type AppendKeys } from "@countersign/event-log";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { sql } from "kysely";
import { epochHistory } from "../adapters/events/epochs.ts";
import { recordRepair } from "../adapters/events/repairs.ts";
import { anchorDirectory } from "./adapters/anchor-directory.ts";
import { httpWitnesses } from "./adapters/http-witnesses.ts";
import { postgresTreeStore } from "./adapters/postgres-tree-store.ts";
import { changingTiles } from "./adapters/postgres-tile-rows.ts";
import type { SealingConfig } from "./config.ts";
import { repairTiles, type Repair } from "./repair-tiles.ts";
import { signerFor } from "./signer.ts";

export type RepairOptions = {
  /** Of a login that owns the tables, as for migrations: no service may do this. */
  readonly url: string;
  readonly ledger: string;
  readonly sealing: SealingConfig;
  readonly appendKeys: AppendKeys;
  /** Who does it: goes into the log, beside the name of the login. */
  readonly by: string;
  readonly time: Date;
  readonly logger?: Logger;
};

/**
 * Mends tiles that were damaged or lost, out of the entries, and records it in the log before any of it is final. Sealing waits meanwhile. Where every tile is as
 * it must be, nothing is written.
 * @throws RepairRefusedError when the entries do not lead to what was signed
 */
export async function repairLedgerTiles(options: RepairOptions): Promise<Repair> {
  const { url, ledger, sealing, appendKeys, logger = silentLogger } = options;
  const owner = openDatabase({ url, role: null, maxConnections: 4, name: "countersign-repair", settings: { statement_timeout: "0" } });
  const log = createPostgresEventLog({ url, ledger, keys: appendKeys, logger });
  try {
    const database = owner.kysely<unknown>();
    const epochs = epochHistory(log);
    const parts = {
      store: postgresTreeStore(database, ledger),
      anchor: anchorDirectory(sealing.anchorDirectory, ledger),
      witnesses: httpWitnesses(sealing.witnesses?.witnesses ?? [], logger),
      epochs,
      signerFor: (epoch: number) => signerFor(sealing.origin, epoch, sealing.keys),
      scan: (range: { readonly from: number; readonly to: number }) => scanLedger(owner, ledger, range, appendKeys),
    };
    const { rows } = await sql<{ login: string }>`select session_user as login`.execute(database);
    const actor = { issuer: `postgres:${rows[0]?.login ?? ""}`, id: options.by };
    const { epoch } = await epochs.newest();
    return await changingTiles(database, { ledger, epoch }, async (tiles) => {
      const repair = await repairTiles({ ...parts, rows: tiles });
      await recordRepair(log, repair, { actor, time: options.time });
      return repair;
    });
  } finally {
    await log.close();
    await owner.close();
  }
}
