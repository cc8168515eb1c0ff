/**
 * What the measurements of an auto action cost (eight timings, five counters), by the SDK's instruments and by ours: CPU and bytes allocated, in turns.
 * `node libs/telemetry/bench/metrics.ts [turns]`
 */
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { Meter } from "../src/meter.ts";
import { LATENCY_SECONDS } from "../src/timing.ts";

const ACTIONS = 20_000;
/** Few enough that nothing is collected meanwhile. */
const WEIGHED = 200;
const TURNS = Number(process.argv[2] ?? 14);

type Labels = Record<string, string>;
type Measures = { timing: { record(value: number, labels: Labels): void }; counter: { add(value: number, labels: Labels): void } };

class Reader extends MetricReader {
  protected async onShutdown(): Promise<void> {}
  protected async onForceFlush(): Promise<void> {}
}

const sdk = new MeterProvider({ readers: [new Reader()] }).getMeter("bench");
const ours = new Meter();
const measures: Readonly<Record<string, Measures>> = {
  sdk: { timing: sdk.createHistogram("t", { advice: { explicitBucketBoundaries: LATENCY_SECONDS } }), counter: sdk.createCounter("c") },
  ours: { timing: ours.timing("t", ""), counter: ours.counter("c", "") },
};

let measured = 0;
function action({ timing, counter }: Measures): void {
  const seconds = (): number => ((measured += 7919) % 1000) / 5000;
  for (const method of ["RequestAction", "RedeemGrant"])
    timing.record(seconds(), { "rpc.method": `countersign.v1.ActionService/${method}`, "rpc.response.status_code": "OK" });
  for (const command of ["approval.RequestAction", "policy.Evaluate", "approval.RedeemGrant"])
    timing.record(seconds(), { "messaging.system.name": "in_process", "messaging.destination.name": command });
  for (const outcome of ["appended", "appended", "approved"]) timing.record(seconds(), { "countersign.outcome": outcome });
  for (const outcome of ["requested", "approved", "succeeded", "issued", "redeemed"]) counter.add(1, { "countersign.outcome": outcome });
}

const found = new Map(Object.keys(measures).map((name) => [name, { micros: [] as number[], bytes: [] as number[] }]));
for (let turn = 0; turn < TURNS; turn += 1) {
  for (const [name, made] of Object.entries(measures)) {
    const before = process.cpuUsage();
    for (let done = 0; done < ACTIONS; done += 1) action(made);
    const { user, system } = process.cpuUsage(before);
    const heap = process.memoryUsage().heapUsed;
    for (let done = 0; done < WEIGHED; done += 1) action(made);
    found.get(name)?.micros.push((user + system) / ACTIONS);
    found.get(name)?.bytes.push((process.memoryUsage().heapUsed - heap) / WEIGHED);
  }
}
const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
for (const [name, { micros, bytes }] of found)
  process.stdout.write(`${name.padEnd(5)} ${median(micros).toFixed(2)} us an action, ${Math.round(median(bytes))} bytes\n`);
