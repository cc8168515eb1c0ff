import { describe, expect, it } from "vitest";
import { byteaArray, int4Array, int8Array, textArray, timestamptzArray, uuidArray } from "./binary-array.ts";

/** Dimensions, has-nulls flag, element type, length, lower bound: as `array_send` of Postgres writes them. */
const head = (type: string, length: string): string => `0000000100000000${type}${length}00000001`;

describe("arrays as Postgres sends them", () => {
  it.each([
    [
      "text",
      textArray(["acme", "", "ü€\u{1f600}", "\ud800"]),
      `${head("00000019", "00000004")}0000000461636d650000000000000009c3bce282acf09f988000000003efbfbd`,
    ],
    ["bytea", byteaArray([new Uint8Array([1, 2]), new Uint8Array()]), `${head("00000011", "00000002")}00000002010200000000`],
    ["uuid", uuidArray([new Uint8Array(16).fill(0xab)]), `${head("00000b86", "00000001")}00000010${"ab".repeat(16)}`],
    ["int4", int4Array([1, -1]), `${head("00000017", "00000002")}000000040000000100000004ffffffff`],
    ["int8", int8Array([2 ** 40 + 5, -1]), `${head("00000014", "00000002")}00000008000001000000000500000008ffffffffffffffff`],
    [
      "timestamptz",
      timestamptzArray([new Date("2000-01-01T00:00:01Z"), new Date("1999-12-31T23:59:59Z")]),
      `${head("000004a0", "00000002")}0000000800000000000f424000000008fffffffffff0bdc0`,
    ],
    ["text without any", textArray([]), "000000000000000000000019"],
    ["int8 without any", int8Array([]), "000000000000000000000014"],
    ["bytea without any", byteaArray([]), "000000000000000000000011"],
  ])("%s", (_, array, expected) => {
    expect(array.toString("hex")).toBe(expected);
  });
});
