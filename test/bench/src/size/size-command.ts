import { execFileSync } from "node:child_process";
import { Command } from "commander";
import { openDatabase } from "@countersign/database";
import { closedLoop } from "../closed-loop.ts";
import { startSystem } from "../system.ts";
import { print, tableLine, type Columns } from "../table.ts";
import { openWorkloads, type Workloads } from "../workloads.ts";

type Options = { readonly actions: number; readonly workload: "auto" | "reviewed"; readonly inFlight: number };

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
    .option("--actions <n>", "at least so many", Number, 2000)
    .option("--workload <name>", "auto or reviewed", "auto")
    .option("--in-flight <n>", "actions at the same time", Number, 32)
    .action(async ({ actions, workload, inFlight }: Options) => {
      const system = await startSystem("one-process");
      const workloads = await openWorkloads(system);
      const database = openDatabase({ url: system.databaseUrl, role: null, maxConnections: 1 });
      try {
        let done = 0;
        while (done < actions) done += (await closedLoop(chosen(workloads, workload), inFlight, SECONDS)).completed;
        await settled(database);
        print(`${done} ${workload} actions`);
        for (const line of await tables(database, done)) print(line);
        print(`JetStream: ${(folderBytes(system.natsFolder) / done).toFixed(0)} bytes per action`);
      } finally {
        await database.close();
        workloads.close();
        await system.close();
      }
    });
}

type Database = ReturnType<typeof openDatabase>;

function chosen(workloads: Workloads, name: Options["workload"]): Workloads["auto"] {
  return workloads[name];
}

/** Everything that is folded or sealed from the log has come to its end when sizes stand still. */
async function settled(database: Database): Promise<void> {
  for (let before = ""; ;) {
    const { rows } = await database.pool.query<{ size: string }>("select pg_database_size(current_database()) as size");
    const size = rows[0]?.size ?? "";
    if (size === before) break;
    before = size;
    await new Promise((resolve) => setTimeout(resolve, 5000));
  }
  await database.pool.query("vacuum analyze");
}

async function tables(database: Database, actions: number): Promise<readonly string[]> {
  const { rows } = await database.pool.query<{ name: string; live: number; total: string; indexes: string }>(`
    select n.nspname || '.' || c.relname as name, greatest(c.reltuples, 0)::bigint as live,
           pg_total_relation_size(c.oid) as total, pg_indexes_size(c.oid) as indexes
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
    order by 3 desc`);
  const per = (bytes: number): string => (bytes / actions).toFixed(0);
  const large = rows.filter(({ total }) => Number(total) / actions >= 1);
  const sum = rows.reduce((bytes, { total }) => bytes + Number(total), 0);
  return [
    tableLine(
      COLUMNS,
      COLUMNS.map(([name]) => name),
    ),
    ...large.map(({ name, live, total, indexes }) => tableLine(COLUMNS, [name, String(live), per(Number(total)), per(Number(indexes))])),
    tableLine(COLUMNS, ["all", "", per(sum)]),
  ];
}

function folderBytes(folder: string): number {
  return Number(execFileSync("du", ["-sb", folder], { encoding: "utf8" }).split("\t")[0]);
}

/** Of a turn. */
const SECONDS = 5;
