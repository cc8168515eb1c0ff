import { parseNote, signerKeyOfSeed, signNote } from "@countersign/tlog";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storeCosignature } from "./adapters/cosignatures.ts";
import type { Flaw } from "../ledger/flaws.ts";
import { sealedLedger, sealingDatabase, type SealedLedger } from "./testing/sealed-ledger.ts";

const SIZE = 700;
let database: Awaited<ReturnType<typeof sealingDatabase>>;
let ledger: SealedLedger;
beforeAll(async () => {
  database = await sealingDatabase();
  ledger = await sealedLedger(database);
  await ledger.append(300);
  await ledger.seal();
  await ledger.append(SIZE - 300);
  await ledger.seal();
});
afterAll(async () => {
  await ledger.close();
  await database.drop();
});

const flaws = async (...change: Parameters<SealedLedger["check"]>): Promise<readonly Flaw[]> => (await ledger.check(...change)).flaws;

const flip = (column: string, byte: number, bit: number) =>
  `set ${column} = set_byte(${column}, ${byte} % length(${column}), get_byte(${column}, ${byte} % length(${column})) # ${1 << bit})`;

describe("P6: whatever is changed in what was sealed is found, at its position", () => {
  it("finds nothing where nothing was changed", async () => {
    expect(await flaws()).toEqual([]);
  });

  it("counts through no epochs of which there is nothing, whatever the log says of their number", async () => {
    expect(await flaws({ epoch: Number.MAX_SAFE_INTEGER })).toEqual([
      { position: 0, kind: "ANCHOR", detail: `epoch 1 was begun, and the log is in epoch ${Number.MAX_SAFE_INTEGER}` },
    ]);
  });

  const places = fc.oneof(
    fc
      .nat(SIZE - 1)
      .map((at) => ({ table: "event_log.event", column: "entry", where: `position = ${at}`, found: { position: at, kind: "SEALED_ROW" } })),
    fc.nat(2).map((at) => ({ table: "audit.tile", column: "hashes", where: `level = 0 and index = ${at}`, found: { kind: "SEALED_ROW" } })),
    fc.constant({ table: "audit.tile", column: "hashes", where: "level = 1", found: { kind: "TILE" } }),
    fc.constantFrom("note", "root").chain((column) =>
      fc.constantFrom(300, SIZE).map((size) => ({
        table: "audit.tree_checkpoint",
        column,
        where: `size = ${size}`,
        found: { position: size, kind: "CHECKPOINT" },
      })),
    ),
  );
  it("any flipped bit of entry, tile and checkpoint", async () => {
    await fc.assert(
      fc.asyncProperty(places, fc.nat(100_000), fc.nat(7), async ({ table, column, where, found }, byte, bit) => {
        const statement = `update ${table} ${flip(column, byte, bit)} where @ and ${where}`;
        await ledger.tamper(statement);
        try {
          const [first] = await flaws();
          expect(first).toMatchObject(found);
          if (table === "audit.tile" && column === "hashes" && where.startsWith("level = 0")) {
            const index = Number(where.at(-1));
            const width = Math.min(256, SIZE - index * 256) * 32;
            expect(first?.position).toBe(index * 256 + Math.floor((byte % width) / 32));
          }
        } finally {
          await ledger.tamper(statement);
        }
      }),
      { numRuns: 40 },
    );
    expect(await flaws()).toEqual([]);
  });

  it("names every flaw, not the first", async () => {
    const statement = `update event_log.event ${flip("entry", 3, 0)} where @ and position in (1, 2, 255, 256, 699)`;
    await ledger.tamper(statement);
    const found = await flaws();
    await ledger.tamper(statement);
    expect(found.map(({ position }) => position)).toEqual([1, 2, 255, 256, 699]);
  });

  it("nothing where sealing goes on meanwhile: the anchor knows a checkpoint before the database shows it", async () => {
    const { store } = ledger;
    const [earlier] = await store.checkpoints(1, 0, 1);
    let asked = 0;
    const newest: typeof store.newest = async (which) => ((asked += 1) <= 2 ? earlier : store.newest(which));
    expect(earlier?.size).toBe(300);
    expect(await flaws({ store: { ...store, newest } })).toEqual([]);
  });

  it("an anchor that is ahead of the database", async () => {
    const newest = await ledger.anchor.newest(1);
    await ledger.anchor.append(1, SIZE + 1, Buffer.from("forged"));
    expect(await flaws()).toMatchObject([{ kind: "ANCHOR", position: SIZE }]);
    await ledger.anchor.append(1, SIZE + 1, newest?.note ?? Buffer.alloc(0));
    expect(await flaws()).toEqual([]);
  });

  it("what older epochs sealed, without the log that came after them", async () => {
    const ofTwo = () => flaws({ epoch: 2, anchor: { ...ledger.anchor, epoch: async () => 2, newest: async () => undefined } });
    expect(await ofTwo()).toEqual([]);
    for (const [statement, expected] of [
      [`update audit.tile ${flip("hashes", 40, 2)} where @ and level = 1`, { kind: "TILE", position: 256 }],
      [`update audit.tile ${flip("hashes", 40, 2)} where @ and level = 0 and index = 2`, { kind: "CHECKPOINT", position: SIZE }],
      [`update audit.tree_checkpoint ${flip("note", 5, 1)} where @ and size = 300`, { kind: "CHECKPOINT", position: 300 }],
    ] as const) {
      await ledger.tamper(statement);
      expect(await ofTwo()).toEqual(expect.arrayContaining([expect.objectContaining(expected)]));
      await ledger.tamper(statement);
    }
    await ledger.tamper(`update event_log.event ${flip("entry", 3, 0)} where @ and position = 7`);
    expect(await ofTwo()).toEqual([]);
    await ledger.tamper(`update event_log.event ${flip("entry", 3, 0)} where @ and position = 7`);
  });

  it("a cosignature that is not the witness's", async () => {
    const witness = signerKeyOfSeed("witness.example", "cosignature", Buffer.alloc(32, 5));
    const checkpoint = await ledger.store.newest();
    if (checkpoint === undefined) throw new Error("nothing is sealed");
    const { text } = parseNote(checkpoint.note);
    await storeCosignature(ledger.database, ledger.name, checkpoint, signNote(text, witness, 1_767_225_600));
    const cosigned = (witnessKeys = [witness.verifier]) => flaws({ witnessKeys });
    expect(await cosigned()).toEqual([]);
    await ledger.tamper(`update audit.cosignature ${flip("signature", 20, 0)} where @`);
    expect(await cosigned()).toMatchObject([{ kind: "CHECKPOINT", position: SIZE }]);
    expect(await cosigned([])).toEqual([]);
    await ledger.tamper("delete from audit.cosignature where @");
  });
});
