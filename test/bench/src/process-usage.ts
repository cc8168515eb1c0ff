import { readFileSync, readdirSync } from "node:fs";

/** CPU seconds and memory of a group of processes at one moment. */
export type Usage = { readonly cpuSeconds: number; readonly residentMegabytes: number };

/** What a process is to the bench. */
export type Role = "countersign" | "postgres" | "nats" | "client";

const TICKS_PER_SECOND = 100;

/** Usage of `pid` and all its descendants, by role; Linux only (reads /proc). */
export function usageByRole(pid: number): Readonly<Record<Role, Usage>> {
  const sums: Record<Role, { cpuSeconds: number; residentMegabytes: number }> = {
    countersign: { cpuSeconds: 0, residentMegabytes: 0 },
    postgres: { cpuSeconds: 0, residentMegabytes: 0 },
    nats: { cpuSeconds: 0, residentMegabytes: 0 },
    client: { cpuSeconds: 0, residentMegabytes: 0 },
  };
  for (const process of descendants(pid)) {
    const sum = sums[process.pid === pid ? "client" : roleOf(process.name)];
    // PostgreSQL's connections end while it runs, and what they did is their parent's then.
    sum.cpuSeconds += process.cpuSeconds + process.endedCpuSeconds;
    sum.residentMegabytes += process.residentMegabytes;
  }
  return sums;
}

/** CPU seconds that PostgreSQL's processes under `pid` have worked, those that ended included. */
export function postgresCpuSeconds(pid: number): number {
  const rows = descendants(pid).filter(({ name }) => roleOf(name) === "postgres");
  return rows.reduce((sum, { cpuSeconds, endedCpuSeconds }) => sum + cpuSeconds + endedCpuSeconds, 0);
}

/** A process and all its descendants. */
export function familyOf(pid: number): readonly number[] {
  return descendants(pid).map((row) => row.pid);
}

/** CPU seconds that these processes have worked. */
export function cpuSecondsOf(pids: readonly number[]): number {
  return pids.flatMap(readRow).reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0);
}

/** Memory of these processes. */
export function residentMegabytesOf(pids: readonly number[]): number {
  return pids.flatMap(readRow).reduce((sum, { residentMegabytes }) => sum + residentMegabytes, 0);
}

type ProcessRow = {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly cpuSeconds: number;
  /** Of its children that ended. */
  readonly endedCpuSeconds: number;
  readonly residentMegabytes: number;
};

function descendants(root: number): readonly ProcessRow[] {
  const rows = readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? readRow(Number(name)) : []));
  const found = new Set([root]);
  for (let before = 0; before !== found.size;) {
    before = found.size;
    for (const row of rows) if (found.has(row.parent)) found.add(row.pid);
  }
  return rows.filter((row) => found.has(row.pid));
}

/** One row, or none when the process ended meanwhile. Fields as in proc(5). */
function readRow(pid: number): readonly ProcessRow[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Proportional set size: shared pages of Postgres' many processes are not counted many times.
    const shared = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return [
      {
        pid,
        parent: Number(fields[1]),
        name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
        cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
        endedCpuSeconds: (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND,
        residentMegabytes: Number(shared?.[1] ?? 0) / 1024,
      },
    ];
  } catch {
    return [];
  }
}

function roleOf(name: string): Role {
  if (name.startsWith("postgres")) return "postgres";
  return name.startsWith("nats") ? "nats" : "countersign";
}
