import { beforeAll, describe, expect, it } from "vitest";
import type { EventLog } from "@countersign/event-log";
import { examineInWorkers } from "../node/segment-worker.ts";
import { logKey, sampleArchive, streamOf } from "../testing/sample-archive.ts";
import { sampleLog } from "../testing/sample-log.ts";
import { joinTar, splitTar, type TarMember } from "../testing/tar-members.ts";
import { examineHere, type ExaminerFactory } from "./examiner.ts";
import { findingsOf } from "./findings.ts";
import { verifyArchive } from "./verify-archive.ts";

const trust = { keys: [logKey.verifier], policy: undefined };
const program = new URL("../main.ts", import.meta.url);
const workers = examineInWorkers(program, 3);

/** What is found, but for the archive's own size and hash. */
async function found(bytes: Uint8Array, examiner: ExaminerFactory = examineHere, source = streamOf([bytes])) {
  const verification = await verifyArchive(source, trust, examiner);
  const { about, ...findings } = findingsOf(verification, trust);
  return { ...findings, about: about.slice(0, -1), counts: verification.check?.counts };
}

/** Flips a bit in the last bytes of some entries, counted over all segments. */
function alterEntries(members: readonly TarMember[], numbers: readonly number[]): void {
  let number = 0;
  for (const { body } of members.filter(({ name }) => name.endsWith(".entries"))) {
    for (let at = 0; at < body.length; at += 2 + body.readUInt16BE(at)) {
      const last = at + 1 + body.readUInt16BE(at);
      if (numbers.includes(number)) body[last] = (body[last] ?? 0) ^ 1;
      number += 1;
    }
  }
}

/** Chunks of this size, all in one buffer, which holds something else once the next one is asked for. */
async function* inOneBuffer(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const chunk = bytes.subarray(at, at + size);
    buffer.set(chunk);
    yield buffer.subarray(0, chunk.length);
    buffer.fill(0xff);
  }
}

describe("P6: where segments end changes nothing", () => {
  let log: EventLog;
  beforeAll(async () => {
    log = await sampleLog({ actions: 30 });
  });
  const archive = async (segmentEntries: number, erased = false): Promise<Buffer> =>
    (await sampleArchive(log, { from: 5, to: 20, segmentEntries, erased: () => erased })).bytes;

  it.each([1, 2, 3, 5, 8, 13, 64])("of a whole archive, in segments of %i", async (size) => {
    expect(await found(await archive(size))).toEqual(await found(await archive(4096)));
    expect(await found(await archive(size, true))).toEqual(await found(await archive(4096, true)));
  });

  it("of what is found wrong: three altered entries are three flaws, with their positions", async () => {
    const flawed = async (size: number, examiner: ExaminerFactory): Promise<readonly string[]> => {
      const members = splitTar(await archive(size));
      alterEntries(members, [30, 31, 40]);
      const { flaws } = await found(joinTar(members), examiner);
      return flaws.map((flaw) => flaw.replace(/log\/[0-9]+/, "log/N"));
    };
    const whole = await flawed(4096, examineHere);
    expect(whole.map((flaw) => flaw.split(",")[0])).toEqual(["LEAF_HASH", "LEAF_HASH", "LEAF_HASH"]);
    expect(await flawed(7, examineHere)).toEqual(whole);
    expect(await flawed(7, workers)).toEqual(whole);
  });

  it.each([1, 2])("nor do threads, on %i cores", async (cores) => {
    expect(await found(await archive(9), examineInWorkers(program, cores))).toEqual(await found(await archive(9)));
  });

  it("and no entry lies where no thread looks: each that is altered is a flaw", async () => {
    const members = splitTar(await archive(3));
    const count = members.reduce((sum, { name, body }) => sum + (name.endsWith(".index") ? body.length / 40 : 0), 0);
    alterEntries(members, [...Array(count).keys()]);
    const { flaws } = await verifyArchive(streamOf([joinTar(members)]), trust, workers);
    const positions = flaws.listed.filter(({ code }) => code === "LEAF_HASH").map(({ position }) => position);
    expect(new Set(positions).size).toBe(count);
  });

  it.each([1, 511, 10_000])("nor does how it is read: in chunks of %i, one written over the other", async (size) => {
    const bytes = await archive(9);
    expect(await found(bytes, examineHere, inOneBuffer(bytes, size))).toEqual(await found(bytes));
    if (size === 511) expect(await found(bytes, workers, inOneBuffer(bytes, size))).toEqual(await found(bytes));
  });

  it("P7: a thread that ends is no verification", async () => {
    const gone = examineInWorkers(new URL("data:text/javascript,process.exit(3)"), 2);
    await expect(found(await archive(9), gone)).rejects.toThrow("a thread that examined segments ended");
  });
});
