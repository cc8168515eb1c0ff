import { expect, it } from "vitest";
import { newSalt } from "./content.ts";

it("gives every salt once, and leaves those that are out as they were", () => {
  const salts: Buffer[] = [];
  const given: string[] = [];
  // More than are drawn at once.
  for (let count = 0; count < 1000; count += 1) {
    const salt = newSalt();
    salts.push(salt);
    given.push(salt.toString("hex"));
  }
  expect(given.every((hex) => hex.length === 64 && !/^(00)+$/.test(hex))).toBe(true);
  expect(new Set(given).size).toBe(1000);
  expect(salts.map((salt) => salt.toString("hex"))).toEqual(given);
});
