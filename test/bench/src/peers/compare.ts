import { startInfrastructure } from "@countersign/standalone";
import { signaturesPerSecond } from "../calibration.ts";
import type { Contender } from "./contender.ts";
import { openDriver, type Driver } from "./driver-process.ts";
import { installPeers } from "./peer-process.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** One measurement of one contender. */
export type Lap = {
  readonly contender: Contender;
  readonly workload: (typeof STEPS)[number]["name"];
  readonly inFlight: number;
  readonly round: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly signaturesPerSecond: number;
};

export type ComparePlan = {
  readonly contenders: readonly Contender[];
  readonly rounds: number;
  readonly seconds: number;
  /** Seconds of each contender with each of the two lifecycles, before anything is measured. */
  readonly warm: number;
};

const STEPS = [
  { name: "auto", workload: "auto", inFlight: 64 },
  { name: "reviewed", workload: "reviewed", inFlight: 64 },
  { name: "auto", workload: "auto", inFlight: 1 },
  { name: "vote to requester", workload: "voteToRequester", inFlight: 1 },
] as const;

/** Before each turn, and not measured: who rested for a minute has let go of memory and compiled code, which no service under load does. */
const RESTED_SECONDS = 2;

/** All contenders stand side by side, warm, and take turns row by row: a slow phase of the machine meets all of them. */
export async function compare({ contenders, rounds, seconds, warm }: ComparePlan, onLap: (lap: Lap) => void): Promise<void> {
  installPeers();
  const { path: folder, remove } = temporaryFolder("compare");
  const infrastructure = await startInfrastructure({ dataDir: folder });
  const drivers: Driver[] = [];
  try {
    for (const contender of contenders) drivers.push(await openDriver(contender, { databaseUrl: infrastructure.databaseUrl, folder }));
    for (const driver of drivers) {
      await driver.run({ workload: "auto", inFlight: 64, seconds: warm });
      await driver.run({ workload: "reviewed", inFlight: 64, seconds: warm });
    }
    for (let round = 1; round <= rounds; round += 1) {
      for (const { name, workload, inFlight } of STEPS) {
        for (const { contender, run } of drivers) {
          await run({ workload, inFlight, seconds: RESTED_SECONDS });
          const speed = signaturesPerSecond();
          onLap({
            contender,
            workload: name,
            inFlight,
            round,
            ...(await run({ workload, inFlight, seconds })),
            signaturesPerSecond: speed,
          });
        }
      }
    }
  } finally {
    for (const driver of drivers.toReversed()) await driver.close();
    await infrastructure.close();
    remove();
  }
}
