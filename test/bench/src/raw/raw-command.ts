import { cpus } from "node:os";
import { Command } from "commander";
import { print, printTable, type Columns } from "../table.ts";
import { distances, type Distance, type Round } from "./distance.ts";
import { openEcho } from "./echo.ts";
import { openJetStreamParts } from "./jetstream.ts";
import { measure, type Part } from "./measure.ts";
import { openPostgresParts } from "./postgres.ts";
import { signatureParts } from "./signatures.ts";
import { openWhole } from "./whole.ts";
import { parseCount, parseAmount } from "../parse-options.ts";
import { temporaryFolder } from "../temporary-folder.ts";

const COLUMNS: Columns = [
  ["what", 28],
  ["bare: per second", 16],
  ["CPU us", 8],
  ["ours: per second", 16],
  ["CPU us", 8],
  ["times the CPU", 13],
  ["rate below by", 13],
];

type Options = { readonly seconds: number; readonly rounds: number; readonly json?: boolean };

/** `bench raw`: how far ours is from what its parts can do alone. */
export function rawCommand(): Command {
  return new Command("raw")
    .description("PostgreSQL's group commit, JetStream, grpc-js and Ed25519 bare, and ours beside each in the same run, taking turns")
    .option("--seconds <n>", "of each part in a turn", parseAmount, 3)
    .option("--rounds <n>", "turns of each", parseCount, 3)
    .option("--json", "print JSON")
    .action(async ({ seconds, rounds: count, json = false }: Options) => {
      const rounds = await measureRounds(seconds, count, (round) => {
        if (!json) process.stderr.write(`round ${round} of ${count}\n`);
      });
      const rows = distances(rounds, cpus().length);
      const cpu = { model: cpus()[0]?.model ?? "", cores: cpus().length };
      if (json) print(JSON.stringify({ node: process.version, cpu, seconds, rows, rounds }, undefined, 2));
      else printTable(COLUMNS, rows.map(cells));
    });
}

async function measureRounds(seconds: number, count: number, onRound: (round: number) => void): Promise<readonly Round[]> {
  const { path: folder, remove } = temporaryFolder("bench-raw");
  const open: { close(): Promise<void> }[] = [];
  const opened = async <Thing extends { close(): Promise<void> }>(thing: Promise<Thing>): Promise<Thing> => {
    open.push(await thing);
    return thing;
  };
  try {
    const commit = await opened(openPostgresParts(folder));
    const publish = await opened(openJetStreamParts(folder));
    const echo = await opened(openEcho());
    const whole = await opened(openWhole());
    const { signing, verifying } = signatureParts();
    const turn = async (): Promise<Round> => {
      const take = (part: Part) => measure(part, seconds);
      return {
        commit: { bare: await take(commit.bare), ours: await take(commit.ours) },
        publish: { bare: await take(publish.bare), ours: await take(publish.ours) },
        call: { bare: await take(echo.bare), ours: await take(whole.getAction) },
        signing: await take(signing),
        verifying: await take(verifying),
        auto: await take(whole.auto),
        reviewed: await take(whole.reviewed),
      };
    };
    // Twice unmeasured: young processes run interpreted code.
    await turn();
    await turn();
    const rounds: Round[] = [];
    for (let round = 1; round <= count; round += 1) {
      rounds.push(await turn());
      onRound(round);
    }
    return rounds;
  } finally {
    for (const thing of open.toReversed()) await thing.close();
    remove();
  }
}

function cells({ what, bare, ours, cpuTimes, rateTimes }: Distance): readonly string[] {
  const figure = (value: number | undefined): string => (value === undefined ? "" : value.toFixed(value < 100 ? 1 : 0));
  return [
    what,
    figure(bare.perSecond),
    figure(bare.cpuMicros),
    figure(ours?.perSecond),
    figure(ours?.cpuMicros),
    figure(cpuTimes),
    figure(rateTimes),
  ];
}
