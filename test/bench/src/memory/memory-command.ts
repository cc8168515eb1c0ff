import { mkdirSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { SERVICES } from "@countersign/standalone";
import { Command } from "commander";
import { layoutOption } from "../layout-option.ts";
import { familyOf, residentMegabytesOf } from "../process-usage.ts";
import { startSystem, type Layout, type System } from "../system.ts";
import { print, printTable, type Columns } from "../table.ts";
import { openWorkloads } from "../workloads.ts";
import { heapMegabytes, heapNotesEnv } from "./heap-notes.ts";
import { steadyLoad } from "./steady-load.ts";
import { trendOf, type Trend } from "./trend.ts";
import { parseCount, parseAmount } from "../parse-options.ts";
import { temporaryFolder } from "../temporary-folder.ts";

type Options = {
  readonly minutes: number;
  readonly every: number;
  readonly inFlight: number;
  readonly layout: Layout;
  readonly json?: boolean;
};

/** Megabytes of each process (`resident`) and of each service's heap (`heap`) when so many actions were done. */
type Sample = {
  readonly seconds: number;
  readonly actions: number;
  readonly failed: number;
  readonly megabytes: Readonly<Record<string, number>>;
};
type Row = Trend & { readonly what: string };

const COLUMNS: Columns = [
  ["what", 22],
  ["mean MB", 8],
  ["rise MB", 8],
  ["MB per 10,000 actions", 22],
  ["flat", 5],
];

/** `bench memory`: whether a steady load makes anything grow. */
export function memoryCommand(): Command {
  return new Command("memory")
    .description("A steady load, half auto-allowed and half reviewed: does the memory of any process go on growing?")
    .option("--minutes <n>", "how long", parseAmount, 10)
    .option("--every <seconds>", "between two samples", parseAmount, 30)
    .option("--in-flight <n>", "actions at the same time", parseCount, 64)
    .addOption(layoutOption("one-process"))
    .option("--json", "print JSON, with all samples")
    .action(async (options: Options) => {
      const samples = await sample(options);
      const rows = trends(samples);
      const flat = rows.every((row) => row.flat);
      if (options.json === true) {
        const cpu = { model: cpus()[0]?.model ?? "", cores: cpus().length };
        print(JSON.stringify({ node: process.version, cpu, layout: options.layout, flat, rows, samples }, undefined, 2));
        return;
      }
      printTable(COLUMNS, rows.map(cells));
      print(`${flat ? "flat" : "not flat"} over the second half of ${summaryOf(samples.at(-1))}`);
    });
}

async function sample({ minutes, every, inFlight, layout, json = false }: Options): Promise<readonly Sample[]> {
  if (minutes * 60 < every * 4) throw new RangeError("four samples at least: more --minutes, or a smaller --every");
  const { path: folder, remove } = temporaryFolder("bench-memory");
  mkdirSync(join(folder, "heaps"));
  const heaps = join(folder, "heaps");
  const system = await startSystem(layout, heapNotesEnv(heaps));
  const workloads = await openWorkloads(system);
  const load = steadyLoad(workloads);
  const samples: Sample[] = [];
  try {
    const start = performance.now();
    while (performance.now() - start < minutes * 60_000) {
      await load.run(inFlight, every);
      const seconds = (performance.now() - start) / 1000;
      const taken = { seconds, actions: load.done(), failed: load.failed(), megabytes: look(system, layout, heaps, every * 1000) };
      samples.push(taken);
      if (!json) process.stderr.write(`${sampleText(taken)}\n`);
    }
    return samples;
  } finally {
    workloads.close();
    await system.close();
    remove();
  }
}

function look({ pids, postgresPid, natsPid }: System, layout: Layout, heaps: string, milliseconds: number): Sample["megabytes"] {
  const names = layout === "one-process" ? ["countersign"] : SERVICES;
  const ofServices = names.flatMap((name, index) => {
    const pid = pids[index] ?? 0;
    return [
      [name, residentMegabytesOf([pid])],
      [`${name} heap`, heapMegabytes(heaps, pid, milliseconds)],
    ] as const;
  });
  return {
    ...Object.fromEntries(ofServices),
    postgres: residentMegabytesOf(familyOf(postgresPid)),
    "nats-server": residentMegabytesOf([natsPid]),
  };
}

function trends(samples: readonly Sample[]): readonly Row[] {
  const names = Object.keys(samples[0]?.megabytes ?? {});
  return names.map((what) => ({
    what,
    ...trendOf(samples.map(({ actions, megabytes }) => ({ x: actions, y: megabytes[what] ?? Number.NaN }))),
  }));
}

function cells({ what, mean, rise, perTenThousand, flat }: Row): readonly string[] {
  return [what, mean.toFixed(1), rise.toFixed(1), perTenThousand.toFixed(2), flat ? "yes" : "no"];
}

function sampleText({ seconds, actions, failed, megabytes }: Sample): string {
  const parts = Object.entries(megabytes).map(([name, value]) => `${name} ${value.toFixed(0)}`);
  return `${seconds.toFixed(0)} s, ${actions} actions, ${failed} failed, MB: ${parts.join(", ")}`;
}

function summaryOf(last: Sample | undefined): string {
  return `${last?.actions ?? 0} actions in ${((last?.seconds ?? 0) / 60).toFixed(1)} minutes, ${last?.failed ?? 0} failed`;
}
