import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendKeys } from "@countersign/event-log";
import { afterAll, describe, expect, it } from "vitest";
import { readBusConfig, readRuntimeConfig } from "./config.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-append-keys-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}
const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => 200 + index));
const KEY_FILE = file("hex", `${KEY.toString("hex")}\n`);

const REQUIRED = {
  COUNTERSIGN_APPEND_KEY_FILE: KEY_FILE,
  COUNTERSIGN_DATABASE_URL: "postgres://countersign@localhost/countersign",
  COUNTERSIGN_NATS_URL: "nats://localhost:4222",
};

describe("what JetStream keeps", () => {
  it("is a week, however large, unless something else is set", () => {
    const { streamMaxAge, streamMaxBytes } = readRuntimeConfig(REQUIRED);
    expect({ streamMaxAge, streamMaxBytes }).toEqual({ streamMaxAge: 604_800_000, streamMaxBytes: undefined });
    expect(readRuntimeConfig({ ...REQUIRED, COUNTERSIGN_STREAM_MAX_AGE: "2d", COUNTERSIGN_STREAM_MAX_BYTES: "50000000000" })).toMatchObject(
      { streamMaxAge: 172_800_000, streamMaxBytes: 50_000_000_000 },
    );
  });

  it.each([
    ["COUNTERSIGN_STREAM_MAX_AGE", "0s", "must be at least 1m"],
    ["COUNTERSIGN_STREAM_MAX_AGE", "7", "must be a duration"],
    ["COUNTERSIGN_STREAM_MAX_BYTES", "0", ">=1048576"],
    ["COUNTERSIGN_STREAM_MAX_BYTES", "50GB", "must be a number"],
  ])("%s=%s is refused", (name, value, problem) => {
    expect(() => readRuntimeConfig({ ...REQUIRED, [name]: value })).toThrow(new RegExp(`${name}: .*${problem}`));
  });
});

describe("append keys", () => {
  const keysOf = (more: NodeJS.ProcessEnv) => readRuntimeConfig({ ...REQUIRED, ...more }).appendKeys;

  it("are read in hex and base64, with or without its alphabet for URLs, padding and a newline", () => {
    const written = [KEY.toString("hex").toUpperCase(), KEY.toString("base64"), KEY.toString("base64url"), ` ${KEY.toString("base64")}\n`];
    for (const [index, text] of written.entries())
      expect(keysOf({ COUNTERSIGN_APPEND_KEY_FILE: file(`key-${index}`, text) }).current.equals(appendKeys(KEY).current)).toBe(true);
  });

  it("of earlier are listed with commas", () => {
    const earlier = ["a", "b"].map((name) => file(name, Buffer.alloc(32, name).toString("hex")));
    expect(keysOf({ COUNTERSIGN_APPEND_EARLIER_KEY_FILES: earlier.join(",") }).earlier).toHaveLength(2);
    expect(keysOf({}).earlier).toEqual([]);
  });

  it("P7: without one nobody stands on the log", () => {
    expect(() => readRuntimeConfig({ ...REQUIRED, COUNTERSIGN_APPEND_KEY_FILE: "" })).toThrow("COUNTERSIGN_APPEND_KEY_FILE: is required");
  });

  it("are neither asked for nor opened, and no database either, for a service that stands on the bus alone", () => {
    const { COUNTERSIGN_NATS_URL } = REQUIRED;
    const config = readBusConfig({ COUNTERSIGN_NATS_URL });
    expect(config).toEqual({ natsUrl: COUNTERSIGN_NATS_URL, natsPrefix: "cs", ledger: "main", logLevel: "info" });
    const given = {
      COUNTERSIGN_APPEND_KEY_FILE: join(folder, "gone"),
      COUNTERSIGN_APPEND_EARLIER_KEY_FILES: "x",
      COUNTERSIGN_DATABASE_URL: "x",
    };
    expect(readBusConfig({ COUNTERSIGN_NATS_URL, ...given })).toEqual(config);
  });

  const short = Buffer.alloc(31, 7).toString("base64");
  it.each([
    ["COUNTERSIGN_APPEND_KEY_FILE", "gone", undefined, "ENOENT"],
    ["COUNTERSIGN_APPEND_KEY_FILE", "empty", "", "32 random bytes in base64 or hex"],
    ["COUNTERSIGN_APPEND_KEY_FILE", "short", short, "32 random bytes in base64 or hex"],
    ["COUNTERSIGN_APPEND_KEY_FILE", "long", "ab".repeat(33), "32 random bytes in base64 or hex"],
    ["COUNTERSIGN_APPEND_KEY_FILE", "pem", `-----BEGIN PRIVATE KEY-----\n${short}`, "32 random bytes in base64 or hex"],
    ["COUNTERSIGN_APPEND_EARLIER_KEY_FILES", "odd", "zz".repeat(32), "32 random bytes in base64 or hex"],
    ["COUNTERSIGN_APPEND_EARLIER_KEY_FILES", "same", KEY.toString("base64"), "given twice"],
  ])("P7: %s that is %s names the setting and the fix, never what the file holds", (variable, name, text, problem) => {
    const path = text === undefined ? join(folder, name) : file(name, text);
    const read = () => keysOf({ [variable]: path });
    expect(read).toThrow(variable);
    expect(read).toThrow(problem);
    expect(read).not.toThrow(short);
    // What is typed after it must not write over a key that is only damaged.
    expect(read).not.toThrow(">");
  });
});
