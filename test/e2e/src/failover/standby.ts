import { execFile } from "node:child_process";
import { chownSync, copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { startPostgres, type PostgresServer } from "@countersign/testing";

/** What a standby needs of WAL is kept without a slot. The system outlives the servers, so nothing has to reach the disk. */
export const SETTINGS = {
  shared_buffers: "32MB",
  max_connections: "100",
  wal_keep_size: "256MB",
  max_wal_size: "1GB",
  fsync: "off",
  recovery_init_sync_method: "syncfs",
  // How long a standby waits that has lost its primary.
  wal_retrieve_retry_interval: "100ms",
};

/**
 * Copies a running server's files between `pg_backup_start` and `pg_backup_stop`, as `pg_basebackup` does, which not every set of binaries has. Nothing
 * else may write meanwhile: a file that vanished would fail the copy.
 * @param folders one for each standby to be; its name is the standby's.
 */
export async function copyForStandbys(primary: PostgresServer, from: string, folders: readonly string[]): Promise<void> {
  const label = await backup(primary, () => Promise.all(folders.map((to) => copyCluster(from, to))));
  const { uid, gid } = statSync(from);
  for (const to of folders) {
    for (const [name, text] of Object.entries({ backup_label: label, "standby.signal": "" })) {
      writeFileSync(join(to, name), text);
      chownSync(join(to, name), uid, gid);
    }
    copyFileSync(`${from}.password`, `${to}.password`);
  }
}

/** Starts a standby on its copy; it streams from the primary, which it finds at `port`: the primary's own, or something before it. */
export async function startStandby(folder: string, primary: PostgresServer, port: number): Promise<PostgresServer> {
  const { password } = new URL(primary.url);
  const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=${basename(folder)}`;
  return startPostgres({ dataDir: folder, settings: { ...SETTINGS, primary_conninfo: conninfo, wal_receiver_timeout: "0" } });
}

async function copyCluster(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, to]);
  for (const name of readdirSync(to)) if (/^postmaster|^\.s\.PGSQL/.test(name)) rmSync(join(to, name), { force: true });
}

async function backup(server: PostgresServer, copy: () => Promise<unknown>): Promise<string> {
  return onServer(server, async (client) => {
    await client.query("select pg_backup_start('standby', true)");
    await copy();
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    return rows[0]?.labelfile ?? "";
  });
}

/** From now on nothing is acknowledged that not one of these standbys has written down. */
export async function demandOneOf(server: PostgresServer, standbys: readonly string[]): Promise<void> {
  await onServer(server, async (client) => {
    await client.query(`alter system set synchronous_standby_names = 'ANY 1 (${standbys.join(", ")})'`);
    await client.query("select pg_reload_conf()");
  });
}

/** What each standby is to its primary, by name: `quorum` or `async`, once it streams. */
export async function replication(server: PostgresServer): Promise<Readonly<Record<string, string>>> {
  return onServer(server, async (client) => {
    const { rows } = await client.query<{ name: string; how: string }>(
      "select application_name as name, sync_state as how from pg_stat_replication where state = 'streaming'",
    );
    return Object.fromEntries(rows.map(({ name, how }) => [name, how]));
  });
}

/** The standby that has received most, which is the one to promote. */
export async function furthest(standbys: readonly PostgresServer[]): Promise<PostgresServer> {
  const received = standbys.map(async (server) => ({ server, bytes: await onServer(server, receivedBytes) }));
  const [first] = (await Promise.all(received)).toSorted((one, other) => other.bytes - one.bytes);
  if (first === undefined) throw new Error("there is no standby");
  return first.server;
}

async function receivedBytes(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ bytes: string }>("select pg_last_wal_receive_lsn() - '0/0' as bytes");
  return Number(rows[0]?.bytes);
}

/** Makes a standby the one that writes. */
export async function promote(server: PostgresServer): Promise<void> {
  await onServer(server, (client) => client.query("select pg_promote(true, 60)"));
}

export async function onServer<Value>({ url }: PostgresServer, work: (client: pg.Client) => Promise<Value>): Promise<Value> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
