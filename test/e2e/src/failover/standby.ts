import { execFile } from "node:child_process";
import { chownSync, copyFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { startPostgres, type PostgresServer } from "@countersign/testing";

/** What a standby needs of WAL is kept without a slot. The system outlives the servers, so nothing has to reach the disk. */
export const SETTINGS = {
  shared_buffers: "32MB",
  max_connections: "40",
  wal_keep_size: "256MB",
  max_wal_size: "1GB",
  fsync: "off",
  recovery_init_sync_method: "syncfs",
};

/**
 * Starts a standby that streams from a running server, under the name `standby`: a copy of its files between `pg_backup_start` and `pg_backup_stop`, as
 * `pg_basebackup` makes it, which not every set of binaries has.
 * @param port where it finds its primary: the server's own, or something before it.
 */
export async function startStandby(
  primary: PostgresServer,
  from: string,
  to: string,
  port: number = primary.port,
): Promise<PostgresServer> {
  const label = await backup(primary, () => copyCluster(from, to));
  const { password } = new URL(primary.url);
  const { uid, gid } = statSync(from);
  for (const [name, text] of Object.entries({ backup_label: label, "standby.signal": "" })) {
    writeFileSync(join(to, name), text);
    chownSync(join(to, name), uid, gid);
  }
  copyFileSync(`${from}.password`, `${to}.password`);
  const conninfo = `host=127.0.0.1 port=${port} user=postgres password=${password} application_name=standby`;
  return startPostgres({ dataDir: to, settings: { ...SETTINGS, primary_conninfo: conninfo, wal_receiver_timeout: "0" } });
}

/** Copies while the server writes; WAL comes over the stream. */
async function copyCluster(from: string, to: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", from, to]);
  for (const name of readdirSync(to)) if (/^postmaster|^\.s\.PGSQL/.test(name)) rmSync(join(to, name), { force: true });
}

async function backup(server: PostgresServer, copy: () => Promise<void>): Promise<string> {
  return onServer(server, async (client) => {
    await client.query("select pg_backup_start('standby', true)");
    await copy();
    const { rows } = await client.query<{ labelfile: string }>("select labelfile from pg_backup_stop(false)");
    return rows[0]?.labelfile ?? "";
  });
}

/** From now on nothing is acknowledged that a standby has not written down. */
export async function demandStandby(server: PostgresServer): Promise<void> {
  await onServer(server, async (client) => {
    await client.query("alter system set synchronous_standby_names = 'standby'");
    await client.query("select pg_reload_conf()");
  });
}

/** What a standby says of itself to its primary: `sync` or `async`, or nothing yet. */
export async function replication(server: PostgresServer): Promise<string | undefined> {
  return onServer(server, async (client) => {
    const { rows } = await client.query<{ how: string }>("select sync_state as how from pg_stat_replication where state = 'streaming'");
    return rows[0]?.how;
  });
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
