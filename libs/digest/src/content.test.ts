import { expect, it } from "vitest";
import { contentDigest, isContentOf, newSalt } from "./content.ts";

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

it("P6: names one content, wherever a byte moves between salt and body", () => {
  const [salt, body] = [newSalt(), Buffer.from("no, never")];
  const digest = contentDigest(salt, body);
  const joined = Buffer.concat([salt, body]);
  const named = Array.from({ length: joined.length + 1 }, (_, at) =>
    isContentOf(digest, { salt: joined.subarray(0, at), body: joined.subarray(at) }),
  );
  expect(named.flatMap((is, at) => (is ? [at] : []))).toEqual([salt.length]);
  expect(isContentOf(digest, { salt, body: Buffer.from("yes") })).toBe(false);
});
