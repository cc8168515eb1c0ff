import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openDatabase } from "@countersign/database";
import { copyIn } from "../cluster/copy.ts";
import type { Part } from "../cluster/part.ts";

// What was felt of a fault, seen from the outside and not by what brought it about; nothing when nothing was.

/** Another process stands where one was: that one is gone. The function that comes back is asked afterwards. */
export function whetherReplaced(part: Part): () => string | undefined {
  const { pid } = part;
  return () => (pid === undefined || part.pid === undefined || part.pid === pid ? undefined : `process ${pid} is ${part.pid} now`);
}

/** Whether no file can grow in a folder, in which whoever is to feel it must have put something: `inhabited`. */
export function whetherFull(folder: string, inhabited: string): string | undefined {
  if (!existsSync(join(folder, inhabited))) return undefined;
  const probe = join(folder, "probe");
  try {
    writeFileSync(probe, Buffer.alloc(PROBE_BYTES));
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "ENOSPC" ? "a file cannot grow: ENOSPC" : undefined;
  } finally {
    rmSync(probe, { force: true });
  }
}

/** What a process says the time is, against ours: by the `Date` of its probes, which know whole seconds. */
export async function whetherAstray(port: number, offsetSeconds: number): Promise<string | undefined> {
  const { headers } = await fetch(`http://127.0.0.1:${port}/livez`);
  const off = (Date.parse(headers.get("date") ?? "") - Date.now()) / 1000;
  return Math.abs(off - offsetSeconds) <= CLOCK_SLACK_S && Math.abs(off) > CLOCK_SLACK_S
    ? `its clock is ${off.toFixed(1)} s off`
    : undefined;
}

/** Whether a new transaction may write nothing. */
export async function whetherReadOnly(databaseUrl: string): Promise<string | undefined> {
  const database = openDatabase({ url: databaseUrl, role: null, maxConnections: 1 });
  try {
    await database.pool.query("create table public.chaos_probe ()");
    await database.pool.query("drop table public.chaos_probe");
    return undefined;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    return code === "25006" ? "a transaction cannot write: 25006" : undefined;
  } finally {
    await database.close();
  }
}

/** The copy of the log, as soon as somebody says what there is; nothing when nobody does. */
export async function answeredCopy(natsUrl: string): Promise<Copies> {
  for (let attempt = 1; attempt <= 25; attempt += 1) {
    const copy = await copyIn(natsUrl);
    if (copy !== undefined) return copy;
    await sleep(200);
  }
  return undefined;
}

/** The copy once it has more than that, which it may not come to while much else is wrong: then as it is after a while. */
export async function grownCopy(natsUrl: string, kept: Copies): Promise<Copies> {
  const than = kept === undefined || kept === "none" ? 0 : kept.last;
  for (const end = performance.now() + 15_000; ; await sleep(200)) {
    const copy = await answeredCopy(natsUrl);
    if ((copy !== undefined && copy !== "none" && copy.last > than) || performance.now() > end) return copy;
  }
}
type Copies = Awaited<ReturnType<typeof copyIn>>;

/** What was there is gone, or was made anew. */
export function whetherWiped(before: Copies, after: Copies): string | undefined {
  if (before === undefined || before === "none" || after === undefined) return undefined;
  if (after === "none") return `the copy of ${before.last} events is gone`;
  return after.created === before.created ? undefined : `the copy of ${before.last} events was made anew`;
}

/** It ends earlier than it did. */
export function whetherRolledBack(before: Copies, after: Copies): string | undefined {
  if (before === undefined || before === "none" || after === undefined || after === "none") return undefined;
  return after.last < before.last ? `the copy went back from ${before.last} to ${after.last}` : undefined;
}

const PROBE_BYTES = 2 ** 20;
const CLOCK_SLACK_S = 3;
