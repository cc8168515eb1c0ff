import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { CheckedRow, EntryFields, EventFields, StreamRow } from "./check-row.ts";
import { flawsOf } from "../testing/flaws-of.ts";
import { checkLedger } from "./check-ledger.ts";
import type { Flaw } from "./flaws.ts";

const hash = (text: string): string => createHash("sha256").update(text).digest().toString("latin1");

/** A sound ledger: two tenants, three streams, in turn. */
function ledger(length: number): CheckedRow[] {
  const leaves = new Map<string, { count: number; leaf: string }>();
  const next = (key: string, leaf: string): { count: number; leaf: string } => {
    const before = leaves.get(key) ?? { count: 0, leaf: "" };
    leaves.set(key, { count: before.count + 1, leaf });
    return before;
  };
  return Array.from({ length }, (_, position) => {
    const tenant = position % 3 === 0 ? "globex" : "acme";
    const streamId = `stream-${position % 3}`;
    const leaf = hash(`leaf ${position}`);
    const stream = next(streamId, leaf);
    const ofTenant = next(tenant, leaf);
    const entry: EntryFields = {
      ledger: "main",
      position,
      tenant,
      tenantSequence: ofTenant.count + 1,
      streamType: "action",
      streamId,
      streamVersion: stream.count + 1,
      eventId: `id ${position}`,
      type: "ActionApproved",
      schemaVersion: 1,
      time: 1000 + position,
      previousStreamLeaf: stream.leaf,
      previousTenantLeaf: ofTenant.leaf,
    };
    const { previousStreamLeaf: _stream, previousTenantLeaf: _tenant, ...columns } = entry;
    return { columns, entry, leaf, storedLeaf: leaf, appended: true };
  });
}

async function verify(rows: readonly CheckedRow[], head = 9): Promise<readonly Flaw[]> {
  const { flaws } = await flawsOf(
    checkLedger({
      head: async () => head,
      read: (from, below) => pages(rows.filter(({ columns: { position } }) => position >= from && position < below)),
      readStreams: () => pages(rows.toSorted((a, b) => compare(keyOf(a.columns), keyOf(b.columns))).map(asStreamRow)),
      findNext: async (from) => rows.map(({ columns }) => columns.position).find((position) => position >= from),
    }),
  );
  return flaws.toSorted((a, b) => a.position - b.position);
}

async function* pages<Row>(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  for (let at = 0; at < rows.length; at += 100) yield rows.slice(at, at + 100);
}

const asStreamRow = ({ columns, leaf, entry }: CheckedRow): StreamRow => ({
  ...columns,
  leaf,
  previousStreamLeaf: entry?.previousStreamLeaf,
});

const keyOf = (columns: EventFields): string =>
  [columns.tenant, columns.streamType, columns.streamId, String(columns.streamVersion).padStart(16, "0"), columns.position].join(" ");
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const places = (flaws: readonly Flaw[]): readonly string[] => flaws.map((flaw) => `${flaw.kind} ${flaw.position}`);
const change = (rows: readonly CheckedRow[], position: number, to: (row: CheckedRow) => CheckedRow): CheckedRow[] =>
  rows.map((row, index) => (index === position ? to(row) : row));

describe("P6: verifying the ledger", () => {
  it("finds nothing wrong with a sound one", async () => {
    expect(await verify(ledger(9))).toEqual([]);
    expect(await verify([], 0)).toEqual([]);
  });

  it("reads it in pages of any size", async () => {
    expect(await verify(ledger(2500), 2500)).toEqual([]);
  });

  it("finds a leaf hash that was changed", async () => {
    expect(places(await verify(change(ledger(9), 4, (row) => ({ ...row, storedLeaf: hash("other") }))))).toEqual(["LEAF_HASH 4"]);
  });

  it("finds an entry that was changed, and that what follows it does not link to it", async () => {
    const changed = change(ledger(9), 4, (row) => ({ ...row, leaf: hash("other") }));
    expect(places(await verify(changed))).toEqual(["LEAF_HASH 4", "LINK 5", "LINK 7"]);
  });

  it("finds an entry that was changed together with its leaf hash", async () => {
    const changed = change(ledger(9), 4, (row) => ({ ...row, leaf: hash("other"), storedLeaf: hash("other") }));
    expect(places(await verify(changed))).toEqual(["LINK 5", "LINK 7"]);
  });

  it.each(["tenant", "type", "streamId", "eventId", "ledger"] as const)("finds a changed column: %s", async (name) => {
    const changed = change(ledger(9), 4, (row) => ({ ...row, columns: { ...row.columns, [name]: "other" } }));
    // Readers find streams by their columns: one that lost an event, or got one, is reported as well.
    expect(places(await verify(changed))).toContain("COLUMN 4");
  });

  it("finds a changed number or time in a column", async () => {
    for (const name of ["tenantSequence", "streamVersion", "schemaVersion", "time"] as const) {
      const changed = change(ledger(9), 4, (row) => ({ ...row, columns: { ...row.columns, [name]: 77 } }));
      expect(places(await verify(changed))).toContain("COLUMN 4");
    }
  });

  it("finds events that are gone, and who misses them", async () => {
    const flaws = await verify(ledger(9).filter((_row, position) => position !== 4));
    expect(places(flaws)).toEqual(["POSITION_GAP 4", "TENANT_SEQUENCE 5", "LINK 5", "STREAM_VERSION 7", "LINK 7"]);
    expect(flaws[0]?.detail).toBe("no events at positions 4 to 4");
  });

  it("finds a tail that was cut off", async () => {
    expect(places(await verify(ledger(6)))).toEqual(["POSITION_GAP 6"]);
  });

  it("jumps over a hole of any size", async () => {
    const far = ledger(9).map((row, index) =>
      index < 5 ? row : { ...row, columns: { ...row.columns, position: row.columns.position + 2 ** 50 } },
    );
    const flaws = await verify(far, 2 ** 50 + 9);
    expect(flaws[0]).toEqual({ position: 5, kind: "POSITION_GAP", detail: `no events at positions 5 to ${2 ** 50 + 4}` });
    expect(places(flaws).slice(1)).toEqual([5, 6, 7, 8].map((position) => `COLUMN ${position + 2 ** 50}`));
    expect(places(await verify(ledger(9), 2 ** 52))).toEqual(["POSITION_GAP 9"]);
  });

  it("finds two events that changed places", async () => {
    const rows = ledger(9);
    const [four, five] = [rows[4], rows[5]];
    if (four === undefined || five === undefined) throw new Error("too short");
    const swapped = [
      ...rows.slice(0, 4),
      { ...five, columns: { ...five.columns, position: 4 } },
      { ...four, columns: { ...four.columns, position: 5 } },
      ...rows.slice(6),
    ];
    expect(places(await verify(swapped))).toEqual([
      "COLUMN 4",
      "TENANT_SEQUENCE 4",
      "LINK 4",
      "COLUMN 5",
      "TENANT_SEQUENCE 5",
      "LINK 5",
      "TENANT_SEQUENCE 7",
      "LINK 7",
    ]);
  });

  it("finds an entry that cannot be read, and goes on behind it by its columns", async () => {
    expect(places(await verify(change(ledger(9), 4, (row) => ({ ...row, entry: undefined }))))).toEqual(["ENTRY 4"]);
  });

  it("reports every one of very many", async () => {
    const ruined = ledger(5000).map((row) => ({ ...row, storedLeaf: "" }));
    expect(await verify(ruined, 5000)).toHaveLength(5000);
  });

  it("finds what was put before the beginning, and nothing else by it", async () => {
    const [first, ...rest] = ledger(10);
    if (first === undefined) throw new Error("too short");
    const before = [-7, -1].map((position) => ({
      ...first,
      columns: { ...first.columns, position, streamId: `forged ${position}` },
    }));
    expect(places(await verify([...before, first, ...rest], 10))).toEqual(["BEFORE_BEGINNING -7", "BEFORE_BEGINNING -1"]);
  });

  it("finds what was put behind the end", async () => {
    expect(places(await verify(ledger(9), 7))).toEqual(["BEYOND_HEAD 7", "BEYOND_HEAD 8"]);
  });
});
