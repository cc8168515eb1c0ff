import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { appendLeaves, EMPTY_RANGE, openCheckpoint, rootHash, verifyConsistency, verifyInclusion } from "@countersign/tlog";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { takeSealTerm } from "./adapters/postgres-seal-term.ts";
import { forgedEvents } from "./forged-events.suite.ts";
import { TermLostError } from "./ports.ts";
import { resume } from "./resume.ts";
import { sealStep } from "./seal-step.ts";
import { cutOff, sealedLedger, sealingDatabase, testKey, UNSEAL, type SealedLedger } from "./testing/sealed-ledger.ts";

let ledger: SealedLedger;
let database: Awaited<ReturnType<typeof sealingDatabase>>;
beforeAll(async () => {
  database = await sealingDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  ledger = await sealedLedger(database);
});
afterEach(() => ledger.close());

const refusal = (kind: string, position: number) => expect.objectContaining({ refusal: kind, position }) as Error;

describe("P6: sealing", () => {
  it("seals what the log holds, so that every root, inclusion and consistency verifies", async () => {
    await ledger.append(300);
    await ledger.seal();
    await ledger.append(5000);
    await ledger.seal();
    const leaves = (await ledger.log.readAll({ from: 0, limit: 10_000 })).map(({ leafHash }) => leafHash);
    const first = await ledger.store.covering({ size: 1 });
    const newest = await ledger.store.newest();
    expect([first?.size, newest?.size]).toEqual([300, 5300]);
    if (first === undefined || newest === undefined) throw new Error("no checkpoints");
    const { checkpoint } = openCheckpoint(newest.note, ledger.parts().signerFor(1).keys);
    expect(checkpoint).toMatchObject({ origin: "log.example/main/1", size: 5300 });
    expect(Buffer.compare(checkpoint.root, rootHash(appendLeaves(EMPTY_RANGE, leaves)))).toBe(0);
    verifyConsistency(first, newest, await ledger.store.consistencyProof(1, first.size, newest.size));
    for (const index of [0, 255, 256, 299, 300, 5299]) {
      const proof = await ledger.store.inclusionProof(1, index, 5300);
      verifyInclusion({ index, size: 5300, leaf: leaves[index] ?? Buffer.alloc(0), root: newest.root }, proof);
    }
    expect(Buffer.compare(await ledger.store.root(1, 300), first.root)).toBe(0);
  });

  it("makes a checkpoint within a second of an event, and none when nothing is new", async () => {
    const sealer = ledger.start();
    await ledger.append(3);
    await vi.waitFor(async () => expect((await ledger.store.newest())?.size).toBe(3), { timeout: 30_000, interval: 10 });
    await sealer.close();
    const lines = readFileSync(ledger.anchorFile, "utf8").trim().split("\n");
    await ledger.seal();
    expect(readFileSync(ledger.anchorFile, "utf8").trim().split("\n")).toEqual(lines);
  });

  it("signs with every key during a rotation, and takes up an anchor that only the old one signed", async () => {
    const next = testKey();
    await ledger.append(2);
    await ledger.seal();
    await ledger.append(2);
    await ledger.seal(ledger.parts({ keys: [next, ledger.key] }));
    await ledger.append(2);
    await ledger.seal(ledger.parts({ keys: [next] }));
    const both = await ledger.store.covering({ size: 3 });
    for (const key of [next, ledger.key]) {
      expect(openCheckpoint(both?.note ?? Buffer.alloc(0), ledger.parts({ keys: [key] }).signerFor(1).keys).checkpoint.size).toBe(4);
    }
  });

  it("does not take a key that is missing among its settings for another log: no epoch begins", async () => {
    await ledger.append(2);
    await ledger.seal();
    const parts = ledger.parts({ keys: [testKey()] });
    await expect(ledger.seal(parts)).rejects.toEqual(refusal("KEY_UNKNOWN", 0));
    await expect(ledger.startEpoch(parts)).rejects.toThrow(/COUNTERSIGN_LOG_RETIRED_KEYS/);
    expect(await ledger.anchor.epoch()).toBe(1);
    await ledger.seal();
  });
});

describe("P6: one sealer at a time", () => {
  it("whoever lost the term cannot write, and nothing of it stays", async () => {
    await ledger.append(10);
    const old = await takeSealTerm(ledger.database, ledger.name, 0);
    const state = await resume(ledger.parts());
    const next = await takeSealTerm(ledger.database, ledger.name, 60_000);
    if (old === undefined || next === undefined) throw new Error("no term");
    expect(await old.renew()).toBe(false);
    await expect(sealStep(ledger.parts(), old, state)).rejects.toThrow(TermLostError);
    expect(await ledger.store.newest()).toBeUndefined();
    expect(await ledger.anchor.newest(1)).toBeUndefined();
    await sealStep(ledger.parts(), next, state);
    expect((await ledger.store.newest())?.size).toBe(10);
  });

  it("two instances at once seal everything once", async () => {
    const sealers = [ledger.start(), ledger.start()];
    for (let round = 0; round < 5; round += 1) await ledger.append(37);
    await vi.waitFor(async () => expect((await ledger.store.newest())?.size).toBe(185), { timeout: 30_000, interval: 10 });
    const [one] = sealers;
    await one?.close();
    await ledger.append(1);
    await vi.waitFor(async () => expect((await ledger.store.newest())?.size).toBe(186), { timeout: 30_000, interval: 10 });
    await Promise.all(sealers.map((sealer) => sealer.close()));
    await expect(resume(ledger.parts())).resolves.toMatchObject({ edge: { size: 186 } });
  });
});

forgedEvents(() => ledger);

describe("P6: a past that is not the one that was signed is refused", () => {
  beforeEach(async () => {
    await ledger.append(600);
    await ledger.seal();
  });

  it.each([
    ["a restored older database", `${cutOff(500)}; ${UNSEAL}`, "ROLLED_BACK", 500],
    ["events cut off", cutOff(590), "ROLLED_BACK", 590],
    ["events cut off under a head that stays", "delete from event_log.event where @ and position >= 590", "REWRITTEN", 590],
    ["all events gone", "delete from event_log.event where @", "REWRITTEN", 0],
    ["an event deleted", "delete from event_log.event where @ and position = 257", "REWRITTEN", 257],
    ["a leaf changed", "update event_log.event set leaf_hash = sha256(leaf_hash) where @ and position = 511", "REWRITTEN", 511],
    [
      "two events swapped",
      `update event_log.event a set leaf_hash = b.leaf_hash, entry = b.entry from event_log.event b
       where a.@ and b.@ and (a.position, b.position) in ((30, 31), (31, 30))`,
      "REWRITTEN",
      30,
    ],
    [
      "an event inserted",
      `update event_log.event set position = -position - 1 where @ and position >= 100;
       update event_log.event set position = -position where @ and position < 0;
       insert into event_log.event select ledger, 100, tenant, 900000, stream_type, 'new', 1, gen_random_uuid(), type, schema_version, time, entry, sha256(entry), append_code
         from event_log.event where @ and position = 0;
       update event_log.ledger_head set next_position = 601 where @`,
      "REWRITTEN",
      100,
    ],
    [
      "a tile changed",
      "update audit.tile set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1) where @ and level = 0 and index = 1",
      "REWRITTEN",
      257,
    ],
    [
      "a tile of a higher level changed",
      "update audit.tile set hashes = set_byte(hashes, 3, get_byte(hashes, 3) # 1) where @ and level = 1",
      "TREE_DAMAGED",
      600,
    ],
    ["a tile deleted", "delete from audit.tile where @ and level = 1", "TREE_DAMAGED", 600],
    ["a checkpoint's root changed", "update audit.tree_checkpoint set root = sha256(root) where @", "TREE_DAMAGED", 600],
    [
      "rows and tiles rewritten together",
      `update event_log.event set leaf_hash = sha256(leaf_hash) where @ and position = 599; ${UNSEAL}`,
      "FORGED",
      599,
    ],
  ])("%s", async (_what, statement, kind, position) => {
    await ledger.tamper(statement);
    const anchored = readFileSync(ledger.anchorFile);
    await expect(ledger.seal()).rejects.toEqual(refusal(kind, position));
    expect(readFileSync(ledger.anchorFile)).toEqual(anchored);
  });

  it("events that were cut off and appended anew, otherwise, with tiles and checkpoints gone", async () => {
    await ledger.tamper(`${cutOff(500)}; ${UNSEAL}`);
    await ledger.append(100, "globex");
    await expect(ledger.seal()).rejects.toEqual(refusal("REWRITTEN", 0));
  });

  it("an anchor that is gone or cannot be read", async () => {
    const file = ledger.anchorFile;
    appendFileSync(file, "not a checkpoint\n");
    await expect(ledger.seal()).rejects.toEqual(refusal("ANCHOR_UNREADABLE", 0));
    writeFileSync(file, "");
    await expect(ledger.seal()).rejects.toEqual(refusal("ANCHOR_LOST", 0));
    rmSync(file);
    await expect(ledger.seal()).rejects.toEqual(refusal("ANCHOR_LOST", 0));
  });

  it("an epoch that no operator began, or that the log lost", async () => {
    writeFileSync(ledger.anchorFile.replace(/1$/, "2"), "");
    await expect(ledger.seal()).rejects.toEqual(refusal("ROLLED_BACK", 0));
  });

  it("a row changed under a running sealer, which stops and says so until the row is back", async () => {
    const sealer = ledger.start();
    await vi.waitFor(() => expect(sealer.status()).toMatchObject({ state: "sealing", sealed: 600, lagMs: 0 }), 30_000);
    await ledger.tamper("update event_log.event set entry = set_byte(entry, 9, get_byte(entry, 9) # 1) where @ and position = 77");
    await vi.waitFor(() => expect(sealer.status()).toMatchObject({ state: "refused", refusal: { kind: "REWRITTEN", position: 77 } }), {
      timeout: 30_000,
    });
    await sealer.close();
  });

  it("what a crash left behind between anchor and commit is taken up, not refused", async () => {
    await ledger.append(100);
    await ledger.seal();
    appendFileSync(ledger.anchorFile, "701 dG9ybiBsaW5l");
    await ledger.tamper("delete from audit.tree_checkpoint where @ and size > 600");
    await ledger.append(50);
    expect((await ledger.seal()).edge.size).toBe(750);
    expect((await resume(ledger.parts())).anchored).toBe(750);
  });
});
