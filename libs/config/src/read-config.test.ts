import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConfigError, durationSetting, portSetting, readConfig } from "./index.ts";

const schema = z.object({ port: portSetting.default(50051), wait: durationSetting, url: z.url() });
const settings = { port: "X_PORT", wait: "X_WAIT", url: "X_URL" };

describe("readConfig", () => {
  it("returns one frozen value with defaults", () => {
    const config = readConfig(schema, settings, { X_WAIT: "2m", X_URL: "nats://localhost:4222" });
    expect(config).toEqual({ port: 50051, wait: 120_000, url: "nats://localhost:4222" });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it("lists every problem at once, by variable", () => {
    const read = () => readConfig(schema, settings, { X_PORT: "70000", X_WAIT: "soon", X_URL: "" });
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/X_PORT: .*\n {2}X_WAIT: must be a duration.*\n {2}X_URL: is required/);
    expect(() => readConfig(schema, settings, { X_PORT: "http" })).toThrow("X_PORT: must be a number\n");
  });
});
