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

  /** Codes of the flaws when one member is another, under a manifest that fits. */
  const codesOf = async (name: string, change: (body: Buffer) => Buffer): Promise<readonly string[]> => {
    const changed = members.map((member) => (member.name === name ? { name, body: change(member.body) } : member));
    return [...new Set((await flawsOf(joinTar(changed))).map(({ code }) => code))];
  };

  it.each<[string, string, (body: Buffer) => Buffer, readonly string[]]>([
    ["keys/grants.jwks.json", "that is none", () => Buffer.from("x"), ["GRANT_KEYS"]],
    ["keys/grants.jwks.json", "without a list of keys", () => Buffer.from('{"keys":7}'), ["GRANT_KEYS"]],
    [
      "keys/grants.jwks.json",
      "with a key that is none",
      () => Buffer.from('{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}'),
      ["GRANT_KEYS"],
    ],
    ["checkpoint", "that is none", () => Buffer.from("x"), ["CHECKPOINT", "POLICY"]],
    ["policies/1.yaml", "with another rule", (body) => Buffer.concat([body, Buffer.from("- allow: all\n")]), ["POLICY"]],
    ["log/000000.index", "without its last bytes", (body) => body.subarray(0, -1), ["INDEX", "ROOT", "ENTRY", "POLICY", "TENANT_SEQUENCE"]],
    ["log/000000.index", "without rows", () => Buffer.of(), ["INDEX", "ROOT", "ENTRY", "POLICY", "TENANT_SEQUENCE"]],
    ["log/000000.index", "with its last row twice", (body) => Buffer.concat([body, body.subarray(-40)]), ["INDEX", "ENTRY"]],
    ["log/000000.tree", "with a hash too many", (body) => Buffer.concat([body, Buffer.alloc(32)]), ["ROOT"]],
    ["log/000000.tree", "with half a hash more", (body) => Buffer.concat([body, Buffer.alloc(16)]), ["ROOT"]],
    ["log/000000.tree", "with a hash too few", (body) => body.subarray(32), ["ROOT"]],
    ["log/end.tree", "with a hash too many", (body) => Buffer.concat([body, Buffer.alloc(32)]), ["ROOT"]],
    ["log/end.tree", "with half a hash more", (body) => Buffer.concat([body, Buffer.alloc(16)]), ["ROOT"]],
    ["log/000000.entries", "with an empty one more", (body) => Buffer.concat([body, Buffer.alloc(2)]), ["ENTRY"]],
    ["log/000000.entries", "with a byte more", (body) => Buffer.concat([body, Buffer.alloc(1)]), ["ENTRY"]],
    ["log/000000.entries", "of which there are none", () => Buffer.of(), ["ENTRY", "POLICY"]],
    ["log/000000.contents", "with one that nobody named", (body) => Buffer.concat([body, Buffer.alloc(33)]), ["CONTENT"]],
    ["log/000000.contents", "with a byte more", (body) => Buffer.concat([body, Buffer.alloc(1)]), ["CONTENT"]],
    ["log/000000.contents", "of which there are none", () => Buffer.of(), ["CONTENT"]],
    ["log/000000.csv", "with a row more", (body) => Buffer.concat([body, Buffer.from("1,1\r\n")]), ["CSV"]],
  ])("with %s %s is refused", async (name, _what, change, codes) => {
    expect(await codesOf(name, change)).toEqual(codes);
  });

  it.each<[string, (header: string) => string]>([
    ["no JSON", () => "archive"],
    ["no object", () => "null"],
    ["of another format", (header) => header.replace("evidence/v1", "evidence/v2")],
    ["without a tenant", (header) => header.replace('"acme"', '""')],
    ["with a tenant that is no text", (header) => header.replace('"acme"', '["acme"]')],
    ["with a time that is none", (header) => header.replace(/"to":"[^"]+"/, '"to":"tomorrow"')],
    ["of numbers below one", (header) => header.replace(/"first_sequence":[0-9]+/, '"first_sequence":0')],
    ["that ends before it begins", (header) => header.replace(/"last_sequence":[0-9]+/, '"last_sequence":-1')],
    ["of parts of numbers", (header) => header.replace(/"last_sequence":([0-9]+)/, '"last_sequence":$1.5')],
    ["that says more", (header) => header.replace("}", ',"note":"x"}')],
    ["that is spelt otherwise", (header) => header.replace(":", ": ")],
  ])("with a header %s is refused", async (_what, change) => {
    expect(await codesOf("archive.json", (body) => Buffer.from(change(body.toString())))).toEqual(["HEADER", "POLICY"]);
  });

  it("with a policy that nobody published is refused", async () => {
    const at = members.findIndex(({ name }) => name === "log/end.tree");
    const flaws = await flawsOf(joinTar(members.toSpliced(at, 0, { name: "policies/2.yaml", body: Buffer.from("rules: []\n") })));
    expect(flaws).toMatchObject([{ code: "POLICY", member: "policies/2.yaml" }]);
  });
});
