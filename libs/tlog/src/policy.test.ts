import { describe, expect, it } from "vitest";
import { acceptCheckpoint, formatVerifierKey, meetsQuorum, parsePolicy, signerKeyOfSeed } from "./index.ts";
import { log, policy, policyText, signedCheckpoint, TIME, witnesses } from "./testing/proof-files.ts";
import { caught, refusal } from "./testing/trees.ts";

const logLine = `log ${formatVerifierKey(log.verifier)}`;
const keys = Array.from({ length: 6 }, (_, index) => signerKeyOfSeed(`k${index}`, "cosignature", Buffer.alloc(32, 40 + index)).verifier);
const witnessLine = (name: string, index: number) => `witness ${name} ${formatVerifierKey(keys[index]!)}`;
const read = (...lines: readonly string[]) => parsePolicy(Buffer.from(lines.map((line) => `${line}\n`).join("")));
const X_AND_Y = [
  logLine,
  "",
  witnessLine("X1", 0),
  witnessLine("X2", 1),
  witnessLine("X3", 2),
  "group X-witnesses 2 X1 X2 X3",
  "",
  "  # comment",
  `\t${witnessLine("Y1", 3)}  `,
  witnessLine("Y2", 4),
  `${witnessLine("Y3", 5)} https://witness.example/`,
  "group Y-witnesses any Y1 Y2 Y3",
  "group X-and-Y all X-witnesses Y-witnesses",
  "quorum X-and-Y",
];

describe("policy file", () => {
  it("is read with its keys, URLs and groups", () => {
    const { logs, witnesses: known, quorum } = read(...X_AND_Y);
    expect(logs.map(({ key, url }) => [key.name, url])).toEqual([[log.verifier.name, undefined]]);
    expect(known.map(({ name, url }) => [name, url]).at(-1)).toEqual(["Y3", "https://witness.example/"]);
    expect(quorum).toMatchObject({ kind: "group", name: "X-and-Y", threshold: 2, members: [{ threshold: 2 }, { threshold: 1 }] });
  });

  it.each([
    ["none", [], true],
    ["two of X and one of Y", [0, 2, 4], true],
    ["all", [0, 1, 2, 3, 4, 5], true],
    ["one of X and one of Y", [0, 4], false],
    ["all of X", [0, 1, 2], false],
    ["all of Y", [3, 4, 5], false],
    ["one of X twice, and one of Y", [0, 0, 4], false],
    ["nobody", [], false],
  ] as const)("its quorum is met by %s: $2", (who, cosigners, met) => {
    const { quorum } = who === "none" ? read("quorum none") : read(...X_AND_Y);
    expect(
      meetsQuorum(
        quorum,
        cosigners.map((index) => keys[index]!),
      ),
    ).toBe(met);
  });

  it("may ask for one witness, or for none", () => {
    const { quorum } = read(witnessLine("w", 0), "quorum w");
    expect(meetsQuorum(quorum, [keys[0]!])).toBe(true);
    expect(meetsQuorum(quorum, [keys[1]!])).toBe(false);
    expect(read("quorum none")).toEqual({ logs: [], witnesses: [], quorum: { kind: "none" } });
  });

  it("takes names as bytes", () => {
    const name = Buffer.from([0xe9, 0xff]);
    const bytes = Buffer.concat([
      Buffer.from("witness "),
      name,
      Buffer.from(` ${formatVerifierKey(keys[0]!)}\nquorum `),
      name,
      Buffer.from("\n"),
    ]);
    expect(parsePolicy(bytes).quorum.kind).toBe("witness");
    // K and the Kelvin sign.
    expect(refusal(() => read(witnessLine("K", 0), "quorum \u212a"))).toBe("policy_malformed");
  });

  it.each([
    ["no quorum", [logLine]],
    ["two quorums", ["quorum none", "quorum none"]],
    ["a quorum of nobody", ["quorum"]],
    ["a quorum of two", [witnessLine("a", 0), witnessLine("b", 1), "quorum a b"]],
    ["an unknown word", ["trust everybody", "quorum none"]],
    ["a name that is not defined yet", ["quorum a", witnessLine("a", 0)]],
    ["a group of unknown members", ["group g any a", "quorum none"]],
    ["a group within itself", ["group g any g", "quorum none"]],
    ["a group of none", ["group g any none", "quorum none"]],
    ["a group without members", ["group g any", "quorum none"]],
    ["a member of two groups", [witnessLine("a", 0), "group g any a", "group h any a", "quorum h"]],
    ["a member twice", [witnessLine("a", 0), "group g 2 a a", "quorum g"]],
    ["a threshold of 0", [witnessLine("a", 0), "group g 0 a", "quorum g"]],
    ["a threshold of 01", [witnessLine("a", 0), "group g 01 a", "quorum g"]],
    ["a threshold above its members", [witnessLine("a", 0), "group g 2 a", "quorum g"]],
    ["a name twice", [witnessLine("a", 0), witnessLine("a", 1), "quorum a"]],
    ["a group with the name of a witness", [witnessLine("a", 0), "group a any a", "quorum a"]],
    ["a witness called none", [witnessLine("none", 0), "quorum none"]],
    ["a key twice", [witnessLine("a", 0), witnessLine("b", 0), "quorum a"]],
    ["a log twice", [logLine, logLine, "quorum none"]],
    [
      "a log's key under another name",
      [logLine, `log ${formatVerifierKey(signerKeyOfSeed("other", "note", Buffer.alloc(32, 1)).verifier)}`, "quorum none"],
    ],
    ["a witness with a note key", [`witness a ${formatVerifierKey(log.verifier)}`, "quorum a"]],
    ["a malformed key", ["log example.com+00000000+AQ==", "quorum none"]],
    ["a word too many", [`${logLine} url more`, "quorum none"]],
    ["a carriage return", ["quorum none\r"]],
    ["a NUL", ["# \u0000", "quorum none"]],
  ])("is refused with %s", (_, lines) => {
    expect(refusal(() => read(...lines))).toBe("policy_malformed");
  });

  it("is refused with its last line cut", () => {
    expect(refusal(() => parsePolicy(Buffer.from(policyText.slice(0, -1))))).toBe("policy_malformed");
  });

  it("names the line, and keeps the cause", () => {
    const error = caught(() => read("# one", "log example.com+00000000+AQ=="));
    expect(error?.message).toContain("line 2");
    expect(error?.cause).toMatchObject({ code: "key_malformed" });
  });

  it("is refused when it is huge", () => {
    expect(refusal(() => parsePolicy(Buffer.alloc(1_000_001, "#")))).toBe("too_large");
    const deep = ["group g0 any w", ...Array.from({ length: 1_200 }, (_, index) => `group g${index + 1} any g${index}`)];
    expect(refusal(() => read(witnessLine("w", 0), ...deep, "quorum g1200"))).toBe("policy_malformed");
    expect(meetsQuorum(read(witnessLine("w", 0), ...deep.slice(0, 900), "quorum g899").quorum, [keys[0]!])).toBe(true);
  });
});

describe("checkpoint under a policy", () => {
  it("is accepted with its quorum, and says who cosigned when", () => {
    const { cosignatures, checkpoint } = acceptCheckpoint(signedCheckpoint(9, witnesses.slice(1)), policy);
    expect(checkpoint.size).toBe(9);
    expect(cosignatures.map(({ key, time }) => [key.name, time])).toEqual([
      ["witness.example/w2", TIME],
      ["witness.example/w3", TIME],
    ]);
  });

  it("is refused when one witness is missing, or signs twice", () => {
    expect(refusal(() => acceptCheckpoint(signedCheckpoint(9, [witnesses[0]!]), policy))).toBe("quorum_missed");
    expect(refusal(() => acceptCheckpoint(signedCheckpoint(9, [witnesses[0]!, witnesses[0]!]), policy))).toBe("quorum_missed");
    expect(refusal(() => acceptCheckpoint(signedCheckpoint(9, []), policy))).toBe("quorum_missed");
  });

  it("is refused when the policy knows no log, or not this one", () => {
    expect(refusal(() => acceptCheckpoint(signedCheckpoint(9), { ...policy, logs: [] }))).toBe("origin_unknown");
  });
});
