import { execFileSync } from "node:child_process";
import { Command, Option } from "commander";
import { openDatabase } from "@countersign/database";
import { caughtUp } from "../curve/caught-up.ts";
import { closedLoop } from "../closed-loop.ts";
import { startSystem } from "../system.ts";
import { print, printTable, type Columns } from "../table.ts";
import { openWorkloads } from "../workloads.ts";
import { parseCount } from "../parse-options.ts";

type Options = {
  readonly actions: number;
  readonly workload: "auto" | "reviewed";
  readonly inFlight: number;
  readonly json?: boolean;
};

/** What an action leaves in one table, in bytes, of which `indexes` are those of its indexes. */
type TableSize = { readonly name: string; readonly rows: number; readonly bytes: number; readonly indexes: number };

const COLUMNS: Columns = [
  ["table", 40],
  ["rows", 10],
  ["bytes per action", 16],
  ["of that indexes", 15],
];

/** `bench size`: what complete actions leave on disk. */
export function sizeCommand(): Command {
  return new Command("size")
    .description("What complete actions leave on disk: each table with its indexes, and JetStream")
    .option("--actions <n>", "at least so many", parseCount, 2000)
    .addOption(new Option("--workload <name>", "which actions").choices(["auto", "reviewed"]).default("auto"))
    .option("--in-flight <n>", "actions at the same time", parseCount, 32)
    .option("--json", "print JSON")
    .action(async ({ actions, workload, inFlight, json = false }: Options) => {
      const system = await startSystem("one-process");
      const workloads = await openWorkloads(system);
      const database = openDatabase({ url: system.databaseUrl, role: null, maxConnections: 1 });
      try {
        let done = 0;
        while (done < actions) done += (await closedLoop(workloads[workload], inFlight, SECONDS)).completed;
        await caughtUp(system);
        const tables = await tableSizes(database, done);
        const jetStream = folderBytes(system.natsFolder) / done;
        if (json) print(JSON.stringify({ workload, actions: done, postgres: sumOf(tables), jetStream, tables }, undefined, 2));
        else printSizes(`${done} ${workload} actions`, tables, jetStream);
      } finally {
        await database.close();
        workloads.close();
        await system.close();
      }
    });
}

type Database = ReturnType<typeof openDatabase>;

async function tableSizes(database: Database, actions: number): Promise<readonly TableSize[]> {
  const { rows } = await database.pool.query<{ name: string; live: string; total: string; indexes: string }>(`
    select n.nspname || '.' || c.relname as name, greatest(c.reltuples, 0)::bigint as live,
           pg_total_relation_size(c.oid) as total, pg_indexes_size(c.oid) as indexes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
    order by 3 desc`);
  return rows.map(({ name, live, total, indexes }) => ({
    name,
    rows: Number(live),
    bytes: Number(total) / actions,
    indexes: Number(indexes) / actions,
  }));
}

function sumOf(tables: readonly TableSize[]): number {
  return tables.reduce((sum, { bytes }) => sum + bytes, 0);
}

function printSizes(heading: string, tables: readonly TableSize[], jetStream: number): void {
  print(heading);
  const lines = tables
    .filter(({ bytes }) => bytes >= 1)
    .map(({ name, rows, bytes, indexes }) => [name, String(rows), bytes.toFixed(0), indexes.toFixed(0)]);
  printTable(COLUMNS, [...lines, ["all", "", sumOf(tables).toFixed(0)]]);
  print(`JetStream: ${jetStream.toFixed(0)} bytes per action`);
}

function folderBytes(folder: string): number {
  return Number(execFileSync("du", ["-sb", folder], { encoding: "utf8" }).split("\t")[0]);
}

/** Of a turn. */
const SECONDS = 5;
