import { generateKeyPairSync, createPublicKey, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { busMigrations } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { eventLogMigrations, type EventLog } from "@countersign/event-log";
import { createTestEventLog, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql, type Kysely } from "kysely";
import { epochHistory } from "../../adapters/events/epochs.ts";
import { auditMigrations } from "../../migrations.ts";
import { anchorDirectory } from "../adapters/anchor-directory.ts";
import { postgresSealableLog } from "../adapters/postgres-sealable-log.ts";
import { takeSealTerm } from "../adapters/postgres-seal-term.ts";
import { postgresTreeStore } from "../adapters/postgres-tree-store.ts";
import { flawsOf } from "../../testing/flaws-of.ts";
import { checkSealed, type SealedParts } from "../check-sealed.ts";
import type { Anchor, SigningKey, TreeStore, WitnessNetwork } from "../ports.ts";
import type { SealingConfig } from "../config.ts";
import { startEpoch, type StartedEpoch } from "../new-epoch.ts";
import { resume, type SealingParts, type SealState } from "../resume.ts";
import { sealStep } from "../seal-step.ts";
import { startSealer, type RunningSealer } from "../sealer.ts";
import { signerFor } from "../signer.ts";
import { startSealing, type Sealing } from "../start-sealing.ts";

export const ORIGIN = "log.example/main";

export const noWitnesses: WitnessNetwork = { newest: async () => [] };

/** SQL for `tamper`: the log ends here. */
export const cutOff = (position: number): string =>
  `delete from event_log.event where @ and position >= ${position}; update event_log.ledger_head set next_position = ${position} where @`;

/** SQL for `tamper`: nothing was ever sealed. */
export const UNSEAL = "delete from audit.tree_checkpoint where @; delete from audit.tile where @";

export function sealingConfig(key: SigningKey, anchorPath: string): SealingConfig {
  const keys = { signing: [key], retired: [] };
  return { origin: ORIGIN, keys, anchorDirectory: anchorPath, intervalMs: 10, witnesses: undefined, tiles: undefined };
}

const BY_ANN = { actor: { issuer: "https://idp.test", id: "ann" }, time: new Date(1) };

/** A signing key in memory. */
export function testKey(): SigningKey {
  const { privateKey } = generateKeyPairSync("ed25519");
  const publicKey = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  return { publicKey, sign: async (message) => sign(null, message, privateKey) };
}

/** A database with a log, an anchor of its own, and a sealer that does what it is told, step by step. */
export type SealedLedger = {
  readonly log: EventLog;
  readonly url: string;
  /** As services see it. */
  readonly database: Kysely<unknown>;
  readonly service: Database;
  readonly store: TreeStore;
  readonly anchor: Anchor;
  readonly anchorPath: string;
  /** The anchor's file of the first epoch. */
  readonly anchorFile: string;
  readonly name: string;
  readonly key: SigningKey;
  parts(change?: Partial<SealingParts> & { readonly keys?: readonly SigningKey[] }): SealingParts;
  append(count: number, tenant?: string): Promise<void>;
  /** Takes the term, looks at everything, and seals all there is. */
  seal(parts?: SealingParts): Promise<SealState>;
  /** What `checkSealed` says of the first epoch, unless `change` names another. */
  check(change?: Partial<SealedParts>): ReturnType<typeof flawsOf<readonly string[]>>;
  /** What an operator does. */
  startEpoch(parts?: SealingParts): Promise<StartedEpoch>;
  /** All of it, as the service has it. */
  startSealing(change?: Partial<SealingConfig>): Promise<Sealing>;
  start(change?: Partial<Parameters<typeof startSealer>[0]>): RunningSealer;
  /** Runs SQL as a superuser whom no trigger stops; `@` stands for the condition on the ledger. */
  tamper(statement: string): Promise<void>;
  close(): Promise<void>;
};

/** A database for many ledgers; no trigger guards it. */
export async function sealingDatabase(): Promise<TestPostgres> {
  return testPostgres(async (url) => {
    await migrate(url, [eventLogMigrations, busMigrations, auditMigrations]);
    const owner = openDatabase({ url, role: null });
    for (const table of GUARDED) await owner.pool.query(`alter table ${table} disable trigger all`);
    await owner.close();
  });
}

const GUARDED = ["event_log.event", "event_log.ledger_head", "audit.tile", "audit.tree_checkpoint", "audit.cosignature"];

let ledgers = 0;

export async function sealedLedger(postgres: TestPostgres): Promise<SealedLedger> {
  ledgers += 1;
  const name = `l${ledgers}`;
  const service = openDatabase({ url: postgres.url });
  const owner = openDatabase({ url: postgres.url, role: null });
  const log = createTestEventLog({ url: postgres.url, ledger: name });
  const database = service.kysely<unknown>();
  const anchorPath = mkdtempSync(join(tmpdir(), "countersign-anchor-"));
  const store = postgresTreeStore(database, name);
  const anchor = anchorDirectory(anchorPath, name);
  const key = testKey();
  const deps = { database: service, log, appendKeys: TEST_APPEND_KEYS, logger: silentLogger };
  const parts: SealedLedger["parts"] = ({ keys = [key], ...change } = {}) => ({
    log: postgresSealableLog(service, name, TEST_APPEND_KEYS),
    store,
    anchor,
    witnesses: noWitnesses,
    epochs: epochHistory(log),
    signerFor: (epoch) => signerFor(ORIGIN, epoch, { signing: keys, retired: [] }),
    ...change,
  });
  return {
    log,
    url: postgres.url,
    database,
    service,
    store,
    anchor,
    anchorPath,
    anchorFile: join(anchorPath, `${name}.1`),
    name,
    key,
    parts,
    append: appenderOf(log),
    seal: async (given = parts()) => sealAll(given, database, name),
    check: (change = {}) => flawsOf(checkSealed({ ...parts(), epoch: 1, witnessKeys: [], ...change })),
    startEpoch: (given = parts()) =>
      startEpoch({ ...given, epochs: epochHistory(log), takeTerm: () => takeSealTerm(database, name, 30_000) }, BY_ANN),
    startSealing: (change = {}) => startSealing({ ...sealingConfig(key, anchorPath), ...change }, deps),
    start: (change = {}) =>
      startSealer({
        ...parts(),
        takeTerm: () => takeSealTerm(database, name, 1000),
        intervalMs: 5,
        renewMs: 200,
        refusedMs: 50,
        logger: silentLogger,
        ...change,
      }),
    tamper: async (statement) => {
      await sql.raw(statement.replaceAll("@", `ledger = '${name}'`)).execute(owner.kysely<unknown>());
    },
    close: async () => {
      await log.close();
      await service.close();
      await owner.close();
      rmSync(anchorPath, { recursive: true, force: true });
    },
  };
}

/** Appends to a stream of its own for every hundred events. */
function appenderOf(log: EventLog): SealedLedger["append"] {
  let streams = 0;
  return async (count, tenant = "acme") => {
    for (let left = count; left > 0; left -= 100) {
      streams += 1;
      const events = Array.from({ length: Math.min(left, 100) }, (_, index) => ({
        type: "ActionApproved",
        schemaVersion: 1,
        data: Buffer.from(`${streams}.${index}`),
      }));
      await log.append({ stream: { tenant, type: "action", id: String(streams) }, expectedVersion: 0, events, time: new Date(streams) });
    }
  };
}

async function sealAll(parts: SealingParts, database: Kysely<unknown>, name: string): Promise<SealState> {
  const term = await takeSealTerm(database, name, 60_000);
  if (term === undefined) throw new Error("another sealer has the term");
  try {
    let state = await resume(parts);
    for (let more = true; more;) ({ state, more } = await sealStep(parts, term, state));
    return state;
  } finally {
    await term.release();
  }
}
