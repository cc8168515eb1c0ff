// Loaded into each service before its own code: every so often it notes the smallest heap that a garbage collection left, which is what is alive and little more.
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { PerformanceObserver } from "node:perf_hooks";
import { HEAP_FOLDER, NOTE_MS } from "./heap-notes.ts";

const folder = process.env[HEAP_FOLDER];
if (folder !== undefined) {
  let smallest = Number.POSITIVE_INFINITY;
  new PerformanceObserver(() => (smallest = Math.min(smallest, process.memoryUsage().heapUsed))).observe({ entryTypes: ["gc"] });
  setInterval(() => {
    if (Number.isFinite(smallest)) appendFileSync(join(folder, String(process.pid)), `${smallest}\n`);
    smallest = Number.POSITIVE_INFINITY;
  }, NOTE_MS).unref();
}
