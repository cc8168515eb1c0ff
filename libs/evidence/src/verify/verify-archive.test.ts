import { create } from "@bufbuild/protobuf";
import { encodeEvent } from "@countersign/events";
import { ActionApprovedSchema, VerdictReachedSchema } from "@countersign/proto/event/v1/action_events_pb";
import { beforeAll, describe, expect, it } from "vitest";
import { decodeEntry, type EventLog } from "@countersign/event-log";
import { logKey, sampleArchive, streamOf, type Sample } from "../testing/sample-archive.ts";
import { signerKeyOfSeed } from "@countersign/tlog";
import type { ArchiveHeader } from "../header.ts";
import { findingsOf } from "./findings.ts";
import { playAgain, playOtherStreams, sampleLog, START, STEP } from "../testing/sample-log.ts";
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
    expect(check?.counts).toEqual({
      contents: 24,
      absentContents: 0,
      erasedLater: 0,
      unknown: 0,
      votes: 7,
      votesUnverified: 0,
      digests: 15,
      digestsUnverified: 0,
    });
  });

  it("with contents erased: no flaw, and it says what could not be checked", async () => {
    const { bytes } = await sampleArchive(log, { from: 5, to: 20, erased: () => true });
    const verification = await verify(bytes);
    expect(verification.flaws.listed).toEqual([]);
    const { unchecked } = findingsOf(verification, trust);
    expect(unchecked.join("\n")).toContain("24 contents were erased by events behind the archive, it says");
    expect(unchecked).toContain("15 action digests: their input was erased, or lies before the period");
  });

  it("P7: without contents, when no event says that they were erased: each is a flaw, whatever period it is", async () => {
    const { bytes } = await sampleArchive(log, {
      from: 5,
      to: 20,
      change: (entries, header) => {
        const [number, entry] = [...entries.entries()].find(([, { event }]) => event.type === "VoteCast") ?? [];
        if (number !== undefined && entry !== undefined) entries[number] = { ...entry, contents: new Map() };
        return header;
      },
    });
    const { flaws } = await verify(bytes);
    expect(flaws.listed).toMatchObject([{ code: "CONTENT", detail: "the content is absent, and no event says that it was erased" }]);
  });

  it("P6: a payload that is not what its type says is a flaw of the entry, though tree and links hold", async () => {
    const broken = await sampleLog({ actions: 2 });
    const stream = { tenant: "acme", type: "action", id: "a-1" };
    const event = { type: "VoteCast", schemaVersion: 1, data: Buffer.from("no vote") };
    await broken.append({ stream, expectedVersion: 6, events: [event], time: new Date(START + 2 * STEP) });
    const { position } = (await broken.readStream(stream)).at(-1) ?? {};
    const { flaws } = await verify((await sampleArchive(broken, { to: 3 })).bytes);
    expect(flaws.listed).toEqual([{ code: "ENTRY", position, detail: "its payload is no VoteCast" }]);
  });

  it.each([
    ["two that have another length than a digest", Buffer.alloc(31, 1), Buffer.alloc(33, 2), ["VerdictReached", "ActionApproved"]],
    ["none, and then any", Buffer.alloc(0), Buffer.alloc(32, 2), ["VerdictReached"]],
    ["none, before and after", Buffer.alloc(0), Buffer.alloc(0), ["VerdictReached", "ActionApproved"]],
  ])("P1: digests that are none are flaws where their input is unknown, and never equal: %s", async (_, judged, approved, wrong) => {
    const broken = await sampleLog({ actions: 1 });
    const stream = { tenant: "acme", type: "action", id: "unknown" };
    const events = [
      encodeEvent({ type: "VerdictReached", data: create(VerdictReachedSchema, { verdict: {}, digest: judged }) }),
      encodeEvent({ type: "ActionApproved", data: create(ActionApprovedSchema, { digest: approved }) }),
    ];
    await broken.append({ stream, expectedVersion: 0, events, time: new Date(START + 2 * STEP) });
    const { flaws } = await verify((await sampleArchive(broken, { to: 3 })).bytes);
    expect(flaws.listed.map(({ detail }) => detail)).toEqual(wrong.map((type) => `its payload is no ${type}`));
  });

  it("with events of all kinds: comments, people, refused votes and reports", async () => {
    const others = await sampleLog({ actions: 3 });
    await playOtherStreams(others, START + 4 * STEP, "a-0");
    const { flaws, check } = await verify((await sampleArchive(others, { to: 10 })).bytes);
    expect(flaws.listed).toEqual([]);
    expect(check?.counts).toMatchObject({ unknown: 0, contents: 3 + 2 + 1 + 2 });
    expect(check?.streams.count).toBe(3 + 1 + 1 + 2 + 1);
  });

  it("P3: and tells of a vote that was cast after its review's deadline", async () => {
    const { bytes } = await sampleArchive(await sampleLog({ actions: 2, reviewEvery: 1, reviewMs: 4000 }), { to: 2 });
    const { flaws } = await verify(bytes);
    expect(flaws.listed.map(({ code, detail }) => `${code}: ${detail}`)).toEqual(
      Array.from({ length: 2 }, () => "TIME: a vote was cast after the review's deadline"),
    );
  });

  it("P2, P3: and tells of a grant redeemed after its expiry, and of a break-glass vote that came late or was signed for another action", async () => {
    const played = async (at: number, forged: Parameters<typeof playAgain>[3]): Promise<readonly string[]> => {
      const again = await sampleLog({ actions: 1 });
      await playAgain(again, "a-0", at, forged);
      return (await verify((await sampleArchive(again, { to: 20 })).bytes)).flaws.listed.map(({ code, detail }) => `${code}: ${detail}`);
    };
    expect(await played(START + 20_000, {})).toEqual([]);
    expect(await played(START + 11 * STEP, {})).toEqual([
      "TIME: a vote was cast after the review's deadline",
      "TIME: the grant was redeemed after it had expired",
    ]);
    expect(await played(START + 20_000, { digest: Buffer.alloc(32, 7), signed: "a-1" })).toEqual([
      "VOTE_SIGNATURE: the signature of the vote does not verify",
      "ACTION_DIGEST: it is about another digest than the verdict before it",
    ]);
  });

  it("of a period without an event", async () => {
    const { bytes } = await sampleArchive(await sampleLog({ actions: 3 }), { from: 40, to: 50 });
    const { flaws, check } = await verify(bytes);
    expect(flaws.listed).toEqual([]);
    expect(check?.chain.events).toBe(0);
  });

  it.each([0, 1, 7])("and tells when its end was cut off: the event behind the period, and %i before it", async (more) => {
    const { bytes } = await sampleArchive(log, {
      from: 5,
      to: 20,
      change: (entries, header) => {
        entries.splice(-1 - more);
        return { ...header, lastSequence: header.lastSequence - more };
      },
    });
    expect((await verify(bytes)).flaws.listed.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
      expect.stringMatching(/^TENANT_SEQUENCE: number \d+ of the tenant is missing, the one behind the period: its end may be cut off$/),
    ]);
  });

  it("P7: only for whoever pins the key that signed", async () => {
    const other = signerKeyOfSeed(logKey.verifier.name, "note", Buffer.alloc(32, 77)).verifier;
    const { flaws } = await verifyArchive(streamOf([sample.bytes]), { keys: [other], policy: undefined });
    expect(flaws.listed.map(({ code }) => code)).toEqual(["CHECKPOINT"]);
  });

  it("P7: and is not written when log and tree do not agree", async () => {
    const forged = sampleArchive(log, {
      to: 20,
      change: (entries, header) => {
        const [tenth] = entries.splice(10, 1);
        if (tenth === undefined) throw new Error("too short");
        const entry = Uint8Array.from(tenth.event.entry);
        entry[entry.length - 1] = (entry.at(-1) ?? 0) ^ 1;
        entries.splice(10, 0, { ...tenth, event: decodeEntry(entry) });
        return header;
      },
    });
    await expect(forged).rejects.toThrow("do not have the checkpoint's root");
  });

  it("in equal bytes each time", async () => {
    expect((await sampleArchive(log, { from: 5, to: 20 })).bytes).toEqual(sample.bytes);
  });

  it("P1: and tells when the policy in force is not in it, which stands before the period", async () => {
    const { bytes } = await sampleArchive(log, {
      from: 5,
      to: 20,
      change: (entries, header) => {
        const others = entries.filter(({ event }) => event.stream.type !== "policy");
        entries.splice(0, entries.length, ...others);
        return header;
      },
    });
    const [flaw, ...more] = (await verify(bytes)).flaws.listed;
    expect(flaw).toMatchObject({ code: "POLICY", detail: "the verdict is of policy revision 1, and no event of the archive publishes it" });
    expect(more).toEqual([]);
    expect((await log.readAll({ from: flaw?.position ?? 0, limit: 1 }))[0]?.type).toBe("VerdictReached");
  });

  it("and tells when its period or its tenant is another one", async () => {
    const codes = async (change: Partial<ArchiveHeader>): Promise<ReadonlySet<string>> => {
      const { bytes } = await sampleArchive(log, { from: 5, to: 20, change: (_entries, header) => ({ ...header, ...change }) });
      return new Set((await verify(bytes)).flaws.listed.map(({ code }) => code));
    };
    expect(await codes({ tenant: "globex" })).toContain("FOREIGN");
    expect(await codes({ lastSequence: 200 })).toContain("TENANT_SEQUENCE");
    expect(await codes({ from: undefined })).toContain("PERIOD");
    expect(await codes({ to: START + 25 * STEP })).toContain("PERIOD");
  });
});
