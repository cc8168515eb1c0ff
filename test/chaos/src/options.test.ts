import { expect, test } from "vitest";
import { FAULT_KINDS } from "./faults/plan.ts";
import { parseOptions } from "./options.ts";

test("two minutes, every fault and a new seed, unless told otherwise", () => {
  expect(parseOptions([], 42)).toMatchObject({ minutes: 2, seed: 42, faults: FAULT_KINDS, json: false });
  const told = parseOptions(["--minutes", "60", "--seed", "7", "--faults", "pause,kill", "--json"], 42);
  expect(told).toMatchObject({ minutes: 60, seed: 7, faults: ["kill", "pause"], json: true });
});

test("other programs of nats-server are named by their paths, with commas between", () => {
  expect(parseOptions(["--nats-servers", "/opt/a,/opt/b"], 42).natsServers).toEqual(["/opt/a", "/opt/b"]);
});

test.each([["--minutes", "0"], ["--nats-servers", "debian:no/release"], ["--seed", "x"], ["--faults", "kil"], ["--unknown"]])(
  "%s %s is refused",
  (...argv) => {
    expect(() => parseOptions(argv.filter(Boolean), 42)).toThrow();
  },
);
