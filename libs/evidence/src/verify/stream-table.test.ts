import { describe, expect, it } from "vitest";
import { HEAD_VERSION, StreamTable } from "./stream-table.ts";

describe("what is remembered of streams", () => {
  it("is each stream's own, however many there are", () => {
    const table = new StreamTable();
    const names = Array.from({ length: 20_000 }, (_, number) => `action\0a-${number}`);
    for (const [number, name] of names.entries()) {
      const { head, known } = table.find(name);
      expect(known).toBe(false);
      head.numbers[head.number + HEAD_VERSION] = number;
    }
    for (const [number, name] of names.entries()) {
      const { head, known } = table.find(name);
      expect(known && head.numbers[head.number + HEAD_VERSION]).toBe(number);
    }
    expect(table.count).toBe(names.length);
  });

  it("P6: takes some 112 bytes for each, and nothing of the heap", () => {
    const table = new StreamTable();
    const before = process.memoryUsage().arrayBuffers;
    for (let number = 0; number < 65_536; number += 1) table.find(`action\0${number}`);
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(grown / 65_536).toBeLessThan(130);
  });
});
