import { beforeAll, describe, expect, it } from "vitest";
import type { EventLog } from "@countersign/event-log";
import { logKey, sampleArchive, streamOf, type Sample } from "../testing/sample-archive.ts";
import { sampleLog } from "../testing/sample-log.ts";
import { verifyArchive, type Verification } from "./verify-archive.ts";

const trust = { keys: [logKey.verifier], policy: undefined };
const verify = (bytes: Uint8Array): Promise<Verification> => verifyArchive(streamOf([bytes]), trust);

describe("P6: an archive proves itself", () => {
  let log: EventLog;
  let sample: Sample;
  beforeAll(async () => {
    log = await sampleLog({ actions: 30 });
    sample = await sampleArchive(log, { from: 5, to: 20 });
  });

  it("without a flaw, with everything checked", async () => {
    const { flaws, check, digest } = await verify(sample.bytes);
    expect(flaws.listed).toEqual([]);
    expect(digest).toBe(Buffer.from(sample.written.digest).toString("hex"));
    expect(check?.chain.closed).toBe(true);
    expect(check?.payloads.counts).toEqual({ unknown: 0, votes: 7, votesUnverified: 0, digests: 15, digestsUnverified: 0 });
  });
});
