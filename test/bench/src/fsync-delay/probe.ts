import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "@countersign/database";
import { startPostgres } from "@countersign/embedded";
import { percentile } from "../closed-loop.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** Median milliseconds of what a slow disk makes slow. */
export type Probe = { readonly fdatasyncMs: number; readonly commitMs: number };

const TIMES = 300;

/** Measures the disk that temporary files are on, with nobody else at work: one 8 KB page written and synced, and one row committed to PostgreSQL, again and again. */
export async function probe(): Promise<Probe> {
  const { path: folder, remove } = temporaryFolder("probe");
  try {
    return { fdatasyncMs: await medianOf(synced(join(folder, "page"))), commitMs: await commits(join(folder, "postgres")) };
  } finally {
    remove();
  }
}

function synced(path: string): () => Promise<void> {
  const page = Buffer.alloc(8192);
  return async () => {
    const file = openSync(path, "a");
    try {
      writeSync(file, page);
      fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  };
}

async function commits(dataDir: string): Promise<number> {
  const postgres = await startPostgres({ dataDir });
  const database = openDatabase({ url: postgres.localUrl, role: null, maxConnections: 1 });
  try {
    await database.pool.query("create table public.probe (n bigserial primary key, body bytea)");
    const insert = { name: "probe", text: "insert into public.probe (body) values ($1)", values: [Buffer.alloc(400)] };
    return await medianOf(async () => void (await database.pool.query(insert)));
  } finally {
    await database.close();
    await postgres.stop();
  }
}

async function medianOf(work: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < TIMES; count += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return percentile(
    times.toSorted((a, b) => a - b),
    0.5,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(JSON.stringify(await probe()));
