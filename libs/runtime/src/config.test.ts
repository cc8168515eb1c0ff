import { describe, expect, it } from "vitest";
import { readRuntimeConfig } from "./config.ts";

const REQUIRED = {
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
    ["COUNTERSIGN_STREAM_MAX_BYTES", "50GB", "received NaN"],
  ])("%s=%s is refused", (name, value, problem) => {
    expect(() => readRuntimeConfig({ ...REQUIRED, [name]: value })).toThrow(new RegExp(`${name}: .*${problem}`));
  });
});
