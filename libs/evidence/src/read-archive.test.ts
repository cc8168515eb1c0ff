import { beforeAll, describe, expect, it } from "vitest";
import { tarHeader, TAR_END } from "./tar.ts";
import { logKey, sampleArchive, streamOf } from "./testing/sample-archive.ts";
import { sampleLog } from "./testing/sample-log.ts";
import { joinTar, splitTar, type TarMember } from "./testing/tar-members.ts";
import type { Flaw } from "./verify/flaws.ts";
import { verifyArchive } from "./verify/verify-archive.ts";

const trust = { keys: [logKey.verifier], policy: undefined };
const flawsOf = async (bytes: Uint8Array): Promise<readonly Flaw[]> => (await verifyArchive(streamOf([bytes]), trust)).flaws.listed;
const places = (flaws: readonly Flaw[]): readonly string[] => flaws.map(({ code, member, detail }) => `${code} ${member ?? ""}: ${detail}`);

describe("P7: a hostile archive", () => {
  let members: TarMember[];
  beforeAll(async () => {
    members = splitTar((await sampleArchive(await sampleLog({ actions: 4 }), { to: 3 })).bytes);
  });

  it("as it was made is put together again to the same bytes", async () => {
    expect(await flawsOf(joinTar(members))).toEqual([]);
  });

  it.each([
    "../../etc/passwd",
    "/etc/passwd",
    "log/000000.index/../x",
    "log\\000000.index",
    "",
    "report/index.html.exe",
    "log/000000.INDEX",
    "policies/0.yaml",
  ])("with a member called %o is refused", async (name) => {
    const flaws = await flawsOf(joinTar([...members.slice(0, -1), { name, body: Buffer.from("x") }]));
    expect(places(flaws)).toEqual([`ARCHIVE ${JSON.stringify(name)}: no archive has a member of this name`]);
  });

  it.each(["archive.json", "checkpoint", "log/000000.entries", "log/000000.csv", "policies/1.yaml", "report/index.html"])(
    "that has %s twice is refused",
    async (name) => {
      const at = members.findIndex((member) => member.name === name);
      const flaws = await flawsOf(joinTar(members.toSpliced(at, 0, members[at] ?? { name, body: Buffer.alloc(0) })));
      expect(places(flaws).join("\n")).toContain("it is there twice");
    },
  );

  it.each([
    "archive.json",
    "checkpoint",
    "schema/descriptors.binpb",
    "log/000000.tree",
    "log/000000.csv",
    "log/end.tree",
    "report/index.html",
  ])("that lacks %s is refused", async (name) => {
    expect(places(await flawsOf(joinTar(members.filter((member) => member.name !== name))))).toContain(`ARCHIVE ${name}: it is missing`);
  });

  it("is let go of where it is refused", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield Buffer.alloc(1024, "x");
      } finally {
        closed = true;
      }
    }
    const { flaws } = await verifyArchive(source(), trust);
    expect(places(flaws.listed)[0]).toContain("what stands here is no header of a member");
    expect(closed).toBe(true);
  });

  it("that claims a member of 8 GiB is refused before any of it is read", async () => {
    const flaws = await flawsOf(Buffer.concat([tarHeader("log/000000.entries", 8 * 1024 ** 3 - 1), Buffer.alloc(2048)]));
    expect(places(flaws)[0]).toContain("a member claims 8589934591 bytes");
  });

  it("whose header hides a field from us that others obey is refused", async () => {
    const [first, ...rest] = members;
    if (first === undefined) throw new Error("no member");
    const header = tarHeader(first.name, first.body.length);
    const whole = joinTar([first, ...rest]);
    for (const [at, text] of [
      [156, "5"],
      [157, "/etc/passwd"],
      [345, "../.."],
      [100, "0000777"],
    ] as const) {
      const bytes = Buffer.from(whole);
      bytes.write(text, at, "latin1");
      expect(bytes.subarray(0, 512)).not.toEqual(header);
      expect(places(await flawsOf(bytes))).toEqual([
        'ARCHIVE "archive.json": its tar header is not the one that belongs to its name and size',
      ]);
    }
  });

  it.each([Buffer.alloc(0), Buffer.alloc(511), Buffer.alloc(512), Buffer.from("not an archive".repeat(100)), Buffer.from(TAR_END)])(
    "of no sense is refused (%#)",
    async (bytes) => {
      expect(await flawsOf(bytes)).not.toEqual([]);
    },
  );
});
