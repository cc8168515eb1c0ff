import { readEntry } from "@countersign/event-log";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { formatCsv } from "../csv.ts";
import { sampleLog } from "../testing/sample-log.ts";
import { CsvCheck } from "./csv-check.ts";
import { EntryFields, Field } from "./entry-fields.ts";

describe("P6: an entry that is read in place", () => {
  let entries: Buffer[];
  beforeAll(async () => {
    const log = await sampleLog({ actions: 3, hostile: "=1+1" });
    entries = (await log.readAll({ from: 0, limit: 100 })).map(({ entry }) => Buffer.from(entry));
  });

  it("says what the log's own reader says, and is refused where that refuses, whatever byte is changed", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(255), (which, place, byte) => {
        const bytes = Buffer.from(entries[which % entries.length] ?? []);
        bytes[place % bytes.length] = byte;
        const fields = new EntryFields();
        const padded = Buffer.concat([Buffer.alloc(7, 9), bytes, Buffer.alloc(7, 9)]);
        if (!fields.read(padded, 7, 7 + bytes.length)) return;
        const entry = readEntry(bytes);
        expect({ position: fields.number(Field.position), time: fields.time }).toEqual({
          position: entry.position,
          time: entry.time.getTime(),
        });
        expect({ tenant: fields.text(Field.tenant), type: fields.text(Field.type) }).toEqual({
          tenant: entry.stream.tenant,
          type: entry.type,
        });
        expect(fields.view(Field.data).equals(entry.data)).toBe(true);
        expect(fields.view(Field.previousTenantLeaf).equals(entry.previousTenantLeaf)).toBe(true);
        expect(fields.actor.text(2)).toBe(entry.actor?.id ?? "");
        expect(fields.holds(Field.tenant, Buffer.from("acme"))).toBe(entry.stream.tenant === "acme");
      }),
      { numRuns: 400 },
    );
  });

  it("has the row of the table that the writer makes, and no other", () => {
    const views = entries.map((bytes) => readEntry(bytes));
    const csv = formatCsv(views);
    const check = (table: Buffer): boolean => {
      const held = new CsvCheck(table);
      for (const bytes of entries) {
        const fields = new EntryFields();
        expect(fields.read(bytes, 0, bytes.length)).toBe(true);
        held.row(fields);
      }
      return held.same;
    };
    expect(check(csv)).toBe(true);
    expect(check(csv.subarray(0, -1))).toBe(false);
    expect(check(Buffer.concat([csv, Buffer.from("x")]))).toBe(false);
    fc.assert(
      fc.property(fc.nat(csv.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(csv);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(check(changed)).toBe(false);
      }),
    );
  });
});
