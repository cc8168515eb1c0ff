import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import { observe } from "./observe.ts";

const NANOSECONDS = 1e9;

/** What the process itself costs and how late its one thread is, as the semantic conventions name it. */
export function observeProcess(): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let before = performance.eventLoopUtilization();
  const stop = observe(
    {
      "nodejs.eventloop.delay.p50": { description: "How late timers are, half of them", unit: "s" },
      "nodejs.eventloop.delay.p99": { description: "How late timers are, all but one in a hundred", unit: "s" },
      "nodejs.eventloop.delay.max": { description: "How late timers are at most", unit: "s" },
      "nodejs.eventloop.utilization": { description: "Part of the time for which the one thread was busy", unit: "1" },
      "process.memory.usage": { description: "Resident memory", unit: "By" },
      "process.cpu.time": { description: "CPU seconds since the start", unit: "s" },
    },
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      const { user, system } = process.cpuUsage();
      const readings = {
        "nodejs.eventloop.delay.p50": [{ value: delay.percentile(50) / NANOSECONDS }],
        "nodejs.eventloop.delay.p99": [{ value: delay.percentile(99) / NANOSECONDS }],
        "nodejs.eventloop.delay.max": [{ value: delay.max / NANOSECONDS }],
        "nodejs.eventloop.utilization": [{ value: utilization }],
        "process.memory.usage": [{ value: process.memoryUsage.rss() }],
        "process.cpu.time": [{ value: (user + system) / 1e6 }],
      };
      delay.reset();
      return readings;
    },
    // Two readers that come close together must not find an empty histogram.
    { freshMs: 1000 },
  );
  return () => {
    stop();
    delay.disable();
  };
}
