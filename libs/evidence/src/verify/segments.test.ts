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
const workers = examineInWorkers(new URL("../main.ts", import.meta.url));

/** What is found, but for the archive's own size and hash. */
async function found(bytes: Uint8Array, examiner: ExaminerFactory = examineHere) {
  const verification = await verifyArchive(streamOf([bytes]), trust, examiner);
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

  it("nor do threads", async () => {
    expect(await found(await archive(9), workers)).toEqual(await found(await archive(9)));
  });

  it("P7: a thread that ends is no verification", async () => {
    const gone = examineInWorkers(new URL("data:text/javascript,process.exit(3)"));
    await expect(found(await archive(9), gone)).rejects.toThrow("a thread that examined segments ended");
  });
});
