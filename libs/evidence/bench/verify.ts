// Writes an archive of many events to a temporary file and verifies it, on this thread alone: node libs/evidence/bench/verify.ts [actions] [review every n]
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { verifyArchive } from "../src/index.ts";
import { sampleArchive } from "../src/testing/sample-archive.ts";
import { logKey } from "../src/testing/sample-archive.ts";
import { sampleLog } from "../src/testing/sample-log.ts";

const [actions = 1_400, reviewEvery = 2] = process.argv.slice(2).map(Number);
const log = await sampleLog({ actions, reviewEvery });
const sample = await sampleArchive(log, { to: actions });
const folder = mkdtempSync(join(tmpdir(), "countersign-evidence-"));
const file = join(folder, "archive.tar");
const out = createWriteStream(file);
out.end(sample.bytes);
await once(out, "finish");
for (let round = 0; round < 5; round += 1) {
  const started = performance.now();
  const cpu = process.cpuUsage();
  const { check, flaws } = await verifyArchive(createReadStream(file, { highWaterMark: 1 << 20 }), {
    keys: [logKey.verifier],
    policy: undefined,
  });
  const seconds = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu);
  const perCpu = (check?.entries ?? 0) / ((used.user + used.system) / 1e6);
  process.stdout.write(
    `${check?.entries ?? 0} events, ${flaws.count} flaws, ${Math.round((check?.entries ?? 0) / seconds)} events/s, ${Math.round(perCpu)} per second of CPU, ${check?.counts.votes} votes\n`,
  );
}
rmSync(folder, { recursive: true });
