import {
  consistencyNodes,
  consistencyProof,
  edgeFrom,
  edgeRange,
  inclusionNodes,
  inclusionProof,
  nodesOfTiles,
  rootHash,
  TILE_WIDTH,
  tilePath,
  tilesOfNodes,
  TlogError,
  type NodeId,
  type NodeSource,
  type TileId,
} from "@countersign/tlog";
import { sql, type Kysely } from "kysely";
import { edgeTiles } from "../edge-tiles.ts";
import type { Assurance, StoredCheckpoint, TileReader, TreeStore } from "../ports.ts";
import { readCosignatures, withCosignatures } from "./cosignatures.ts";
import type { CheckpointRow, TileRow } from "./tables.ts";

type Which = { readonly epoch?: number; readonly assurance?: Assurance };

/** What was sealed in one ledger, out of schema `audit`. Any instance reads; only the sealer writes. */
export function postgresTreeStore(database: Kysely<unknown>, ledger: string): TreeStore {
  const tiles = (epoch: number, wanted: readonly TileId[]) => loadTiles(database, ledger, epoch, wanted);
  const nodes = async (epoch: number, size: number, wanted: readonly NodeId[]): Promise<NodeSource> =>
    nodesOfTiles(size, await tiles(epoch, tilesOfNodes(wanted, size)));
  return {
    newest: ({ epoch, assurance }: Which = {}) =>
      findCheckpoint(database, ledger, sql`${inEpoch(epoch)} and ${assured(assurance)} order by epoch desc, size desc`),
    epochAfter: async (epoch) => {
      const { rows } = await sql<{ next: number | null }>`
        select min(epoch) as next from audit.tree_checkpoint where ledger = ${ledger} and epoch > ${epoch}`.execute(database);
      return rows[0]?.next ?? undefined;
    },
    covering: ({ size, epoch, assurance }) =>
      findCheckpoint(
        database,
        ledger,
        sql`epoch = ${epoch ?? newestEpoch(ledger)} and size >= ${size} and ${assured(assurance)} order by size`,
      ),
    checkpoints: async (epoch, after, limit) => {
      const { rows } = await sql<CheckpointRow>`
        select epoch, size, origin, root, note, seal_time from audit.tree_checkpoint
        where ledger = ${ledger} and epoch = ${epoch} and size > ${after} order by size limit ${limit}`.execute(database);
      return rows.map(toCheckpoint);
    },
    cosignatures: (epoch, after, size) => readCosignatures(database, ledger, { epoch, after, size }),
    tiles,
    inclusionProof: async (epoch, position, size) =>
      inclusionProof(position, size, await nodes(epoch, size, inclusionNodes(position, size))),
    consistencyProof: async (epoch, oldSize, size) =>
      consistencyProof(oldSize, size, await nodes(epoch, size, consistencyNodes(oldSize, size))),
    root: async (epoch, size) => rootHash(edgeRange(edgeFrom(size, await tiles(epoch, edgeTiles(size))))),
  };
}

async function loadTiles(database: Kysely<unknown>, ledger: string, epoch: number, wanted: readonly TileId[]): Promise<TileReader> {
  const { rows } = await sql<TileRow>`
    select t.level, t.index, t.hashes from unnest(${wanted.map(({ level }) => level)}::smallint[], ${wanted.map(({ index }) => index)}::bigint[]) as wanted (level, index)
    join audit.tile t on t.ledger = ${ledger} and t.epoch = ${epoch} and t.level = wanted.level and t.index = wanted.index`.execute(
    database,
  );
  const loaded = new Map(rows.map(({ level, index, hashes }) => [tilePath({ level, index, width: TILE_WIDTH }), hashes]));
  return (tile) => {
    const bytes = loaded.get(tilePath({ ...tile, width: TILE_WIDTH }));
    if (bytes === undefined) throw new TlogError("node_missing", `tile ${tilePath(tile)} of epoch ${epoch} is not stored`);
    return bytes;
  };
}

async function findCheckpoint(
  database: Kysely<unknown>,
  ledger: string,
  which: ReturnType<typeof sql>,
): Promise<StoredCheckpoint | undefined> {
  const { rows } = await sql<CheckpointRow>`
    select epoch, size, origin, root, note, seal_time from audit.tree_checkpoint
    where ledger = ${ledger} and ${which} limit 1`.execute(database);
  const [row] = rows;
  if (row === undefined) return undefined;
  return { ...toCheckpoint(row), note: await withCosignatures(database, ledger, row) };
}

const toCheckpoint = ({ seal_time: time, ...row }: CheckpointRow): StoredCheckpoint => ({ ...row, time });

const inEpoch = (epoch: number | undefined) => (epoch === undefined ? sql`true` : sql`epoch = ${epoch}`);
const assured = (assurance: Assurance | undefined) => (assurance === "witnessed" ? sql`witnessed` : sql`true`);
const newestEpoch = (ledger: string) => sql`(select max(epoch) from audit.tree_checkpoint where ledger = ${ledger})`;
