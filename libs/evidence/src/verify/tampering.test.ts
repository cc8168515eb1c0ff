import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { BLOCK, paddingOf } from "../tar.ts";
import { endsOfEntries, positionsOfIndex } from "../segment.ts";
import { logKey, sampleArchive, streamOf, type Sample } from "../testing/sample-archive.ts";
import { sampleLog } from "../testing/sample-log.ts";
import { joinTar, splitTar, type TarMember } from "../testing/tar-members.ts";
import type { Flaw } from "./flaws.ts";
import { verifyArchive } from "./verify-archive.ts";

const trust = { keys: [logKey.verifier], policy: undefined };
const flawsOf = async (bytes: Uint8Array): Promise<readonly Flaw[]> => (await verifyArchive(streamOf([bytes]), trust)).flaws.listed;

const entriesOf = (body: Buffer): readonly Buffer[] =>
  endsOfEntries(body).ends.map((end, number, ends) => body.subarray((ends[number - 1] ?? 0) + 2, end));

/** Where each entry's bytes are in the archive, and its position. */
function entryPlaces(archive: Buffer): { readonly begin: number; readonly end: number; readonly position: number }[] {
  const members = splitTar(archive);
  const positions = positionsOfIndex(bodyOf(members, "log/000000.index"));
  let at = 0;
  for (const { name, body } of members) {
    at += BLOCK;
    if (name === "log/000000.entries") break;
    at += body.length + paddingOf(body.length);
  }
  return entriesOf(bodyOf(members, "log/000000.entries")).map((entry, number) => {
    const begin = at + 2;
    at = begin + entry.length;
    return { begin, end: at, position: positions[number] ?? -1 };
  });
}

const bodyOf = (members: readonly TarMember[], name: string): Buffer =>
  members.find((member) => member.name === name)?.body ?? Buffer.alloc(0);

/** The archive with one member changed, and a manifest that fits. */
function forged(archive: Buffer, name: string, change: (body: Buffer) => Buffer): Buffer {
  return joinTar(splitTar(archive).map((member) => (member.name === name ? { name, body: change(Buffer.from(member.body)) } : member)));
}

describe("P6: whatever is changed in an archive is found", () => {
  let sample: Sample;
  let places: ReturnType<typeof entryPlaces>;
  beforeAll(async () => {
    sample = await sampleArchive(await sampleLog({ actions: 12 }), { from: 3, to: 9 });
    places = entryPlaces(sample.bytes);
  });

  it("any bit of any byte; in an entry, with its position", async () => {
    const flip = fc.record({ at: fc.nat(sample.bytes.length - 1), bit: fc.nat(7) });
    await fc.assert(
      fc.asyncProperty(flip, async ({ at, bit }) => {
        const bytes = Buffer.from(sample.bytes);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
        const flaws = await flawsOf(bytes);
        expect(flaws).not.toEqual([]);
        const inside = places.find(({ begin, end }) => at >= begin && at < end);
        if (inside !== undefined) expect(flaws.map(({ position }) => position)).toContain(inside.position);
      }),
      { numRuns: 150 },
    );
  });

  it("a bit of an entry, and nothing else is blamed", async () => {
    for (const { begin, position } of [places[10], places.at(-1)].filter((place) => place !== undefined)) {
      const bytes = Buffer.from(sample.bytes);
      bytes[begin + 20] = (bytes[begin + 20] ?? 0) ^ 1;
      const flaws = await flawsOf(bytes);
      expect(flaws.map((flaw) => [flaw.code, flaw.position ?? flaw.member])).toEqual([
        ["LEAF_HASH", position],
        ["MANIFEST", '"log/000000.entries"'],
      ]);
    }
  });

  it("a cut at any place", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(sample.bytes.length - 1), async (length) => {
        expect(await flawsOf(sample.bytes.subarray(0, length))).not.toEqual([]);
      }),
      { numRuns: 30 },
    );
    expect((await flawsOf(Buffer.concat([sample.bytes, Buffer.alloc(512)])))[0]?.code).toBe("ARCHIVE");
  });

  it.each(["index", "tree", "entries", "contents", "csv"])("a bit of log/*.%s under a manifest that was made to fit", async (part) => {
    const name = `log/000000.${part}`;
    const flip = fc.nat(bodyOf(splitTar(sample.bytes), name).length - 1);
    await fc.assert(
      fc.asyncProperty(flip, async (at) => {
        const flaws = await flawsOf(forged(sample.bytes, name, (body) => body.fill((body[at] ?? 0) ^ 4, at, at + 1)));
        expect(flaws).not.toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it("an entry that was left out, with everything made to fit but the tree", async () => {
    const positions = positionsOfIndex(bodyOf(splitTar(sample.bytes), "log/000000.index"));
    const without = (body: Buffer, size: number): Buffer => Buffer.concat([body.subarray(0, 20 * size), body.subarray(21 * size)]);
    const index = forged(sample.bytes, "log/000000.index", (body) => without(body, 40));
    const dropped = places[20];
    const cut = (body: Buffer): Buffer => {
      const entries = entriesOf(body);
      const before = entries.slice(0, 20).reduce((sum, entry) => sum + 2 + entry.length, 0);
      return Buffer.concat([body.subarray(0, before), body.subarray(before + 2 + (entries[20]?.length ?? 0))]);
    };
    const flaws = await flawsOf(forged(index, "log/000000.entries", cut));
    expect(flaws.map(({ code, position }) => [code, position])).toContainEqual(["TENANT_SEQUENCE", positions[21]]);
    expect(flaws.map(({ code }) => code)).toContain("ROOT");
    expect(dropped?.position).toBe(positions[20]);
  });
});
