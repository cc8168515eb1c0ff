import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "@countersign/database";
import { TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { decodeEvent } from "@countersign/events";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { anchorDirectory } from "./adapters/anchor-directory.ts";
import { repairLedgerTiles, type RepairOptions } from "./repair-ledger.ts";
import { cutOff, sealedLedger, sealingConfig, sealingDatabase, type SealedLedger } from "./testing/sealed-ledger.ts";

const SIZE = 700;
const TIME = new Date("2026-03-01T00:00:00Z");
const TRIGGERS = ["grow_only", "keep"];
let database: Awaited<ReturnType<typeof sealingDatabase>>;
let ledger: SealedLedger;
beforeAll(async () => {
  database = await sealingDatabase();
  ledger = await sealedLedger(database);
  await ledger.append(SIZE);
  await ledger.seal();
});
afterAll(async () => {
  await ledger.close();
  await database.drop();
});

/** As somebody with the owner's rights, and with the triggers that everybody else meets. */
async function damage(...statements: readonly string[]): Promise<void> {
  const turned = (how: string) => TRIGGERS.map((trigger) => `alter table audit.tile ${how} trigger ${trigger}`);
  await ledger.tamper([...turned("disable"), ...statements, ...turned("enable always")].join(";"));
}

const sealingOf = ({ key, anchorPath }: SealedLedger) => sealingConfig(key, anchorPath);

const repair = (change: Partial<RepairOptions> = {}) => {
  const given = { url: database.url, ledger: ledger.name, sealing: sealingOf(ledger), appendKeys: TEST_APPEND_KEYS };
  return repairLedgerTiles({ ...given, by: "olga", time: TIME, ...change });
};

const flaws = async () => (await ledger.check()).flaws;

type Tile = { readonly level: number; readonly index: number; readonly hashes: Buffer };

async function tiles(): Promise<readonly Tile[]> {
  const query = sql<Tile>`select level, index, hashes from audit.tile where ledger = ${ledger.name} order by level, index`;
  return (await query.execute(ledger.database)).rows;
}

const flip = (column: string) => `set ${column} = set_byte(${column}, 40, get_byte(${column}, 40) # 1)`;
const tile = (level: number, index: number) => `@ and level = ${level} and index = ${index}`;
const sha256 = (bytes: Uint8Array | undefined) =>
  createHash("sha256")
    .update(bytes ?? "")
    .digest("hex");

describe("P6: tiles that were damaged or lost are computed again from the entries", () => {
  it.each<[string, readonly string[], readonly (readonly [number, number])[]]>([
    ["a full tile with a flipped bit", [`update audit.tile ${flip("hashes")} where ${tile(0, 1)}`], [[0, 1]]],
    ["a full tile that is gone", [`delete from audit.tile where ${tile(0, 0)}`], [[0, 0]]],
    ["the last tile cut short", [`update audit.tile set hashes = substring(hashes for 64) where ${tile(0, 2)}`], [[0, 2]]],
    ["a tile above", [`update audit.tile ${flip("hashes")} where ${tile(1, 0)}`], [[1, 0]]],
    [
      "all of them gone",
      ["delete from audit.tile where @"],
      [
        [0, 0],
        [0, 1],
        [0, 2],
        [1, 0],
      ],
    ],
    [
      "tiles that the tree does not have",
      [
        "insert into audit.tile select ledger, epoch, l, 3, hashes from audit.tile, unnest(array[0, 5]) l where @ and level = 0 and index = 0",
      ],
      [
        [0, 3],
        [5, 3],
      ],
    ],
  ])("%s", async (_what, statements, wrong) => {
    const before = await tiles();
    await damage(...statements);
    const damaged = await tiles();
    const { tiles: repaired, checkpointSize, epoch } = await repair();
    expect([epoch, checkpointSize]).toEqual([1, SIZE]);
    expect(repaired.map(({ level, index }) => [level, index])).toEqual(wrong);
    expect(await tiles()).toEqual(before);
    expect(await flaws()).toEqual([]);

    const recorded = (await ledger.log.readTenant("_ledger", { from: 0, limit: 100 }))
      .map((event) => ({ ...decodeEvent(event), by: event.actor }))
      .at(-1);
    expect(recorded?.by?.id).toBe("olga");
    expect(recorded?.by?.issuer).toMatch(/^postgres:./);
    const told = recorded?.type === "TilesRepaired" ? recorded.data.tiles : [];
    const hashOf = (rows: readonly Tile[], level: number, index: number) => {
      const found = rows.find((row) => row.level === level && row.index === index);
      return found === undefined ? "" : sha256(found.hashes);
    };
    expect(
      told.map(({ level, index, oldSha256, newSha256 }) => [
        level,
        Number(index),
        Buffer.from(oldSha256).toString("hex"),
        Buffer.from(newSha256).toString("hex"),
      ]),
    ).toEqual(repaired.map(({ level, index }) => [level, index, hashOf(damaged, level, index), hashOf(before, level, index)]));
  });

  it("and what is right is left alone, without a record", async () => {
    const head = await ledger.log.nextPosition();
    expect((await repair()).tiles).toEqual([]);
    expect(await ledger.log.nextPosition()).toBe(head);
  });

  it("and afterwards sealing goes on, and nobody may change tiles, as before", async () => {
    await ledger.append(100);
    await ledger.seal();
    expect(await flaws()).toEqual([]);
    await untouchable();
  });
});

async function untouchable(): Promise<void> {
  await expect(ledger.tamper(`update audit.tile ${flip("hashes")} where ${tile(0, 0)}`)).rejects.toThrow("only grows");
  await expect(ledger.tamper(`delete from audit.tile where ${tile(0, 0)}`)).rejects.toThrow("what was sealed stays");
}

describe("P7: nothing is repaired", () => {
  async function refusedAndUntouched(change: Partial<RepairOptions>, message: string | RegExp): Promise<void> {
    const flipped = `update audit.tile ${flip("hashes")} where ${tile(0, 2)}`;
    await damage(flipped);
    const [before, head] = [await tiles(), await ledger.log.nextPosition()];
    await expect(repair(change)).rejects.toThrow(message);
    expect(await tiles()).toEqual(before);
    expect(await ledger.log.nextPosition()).toBe(head);
    await untouchable();
    await damage(flipped);
  }

  const forged = "overlay(entry placing '\\x41'::bytea from octet_length(entry) for 1)";
  it.each([
    ["an entry does not have its hash", `entry = ${forged}`, /nothing was repaired: the entries are damaged themselves: .*position 300/],
    [
      "an entry was rewritten with its hash",
      `entry = ${forged}, leaf_hash = sha256('\\x00'::bytea || ${forged})`,
      /the entries are damaged themselves: .*position 300 .*no append code/,
    ],
    ["an entry is elsewhere", "position = 1000000", /the entries are damaged themselves: .*position 30[01]/],
  ])("when %s", async (_what, change, message) => {
    await ledger.tamper("create table public.untouched as select * from event_log.event where @ and position = 300");
    await ledger.tamper(`update event_log.event set ${change} where @ and position = 300`);
    await refusedAndUntouched({}, message);
    await ledger.tamper(
      "delete from event_log.event where @ and position in (300, 1000000); insert into event_log.event select * from public.untouched; drop table public.untouched",
    );
    expect(await flaws()).toEqual([]);
  });

  it("when there is no anchor", async () => {
    await refusedAndUntouched({ sealing: { ...sealingOf(ledger), anchorDirectory: "/nowhere" } }, "is it the right directory?");
  });

  it("by a service: only the owner of the tables may", async () => {
    const name = `svc_${ledger.name}`;
    const owner = openDatabase({ url: database.url, role: null });
    await owner.pool.query(`create role ${name} login password 'x' in role countersign_service`);
    const url = new URL(database.url);
    url.username = name;
    url.password = "x";
    try {
      await refusedAndUntouched({ url: url.href }, /permission denied|must be owner/);
    } finally {
      await owner.pool.query(`drop role ${name}`);
      await owner.close();
    }
  });

  it("when the entries are others than those that were sealed: the tiles say where, and the anchor does when the database does not", async () => {
    const other = await sealedLedger(database);
    const elsewhere = mkdtempSync(join(tmpdir(), "countersign-anchor-"));
    const ofOther = `ledger = '${other.name}'`;
    const repairOther = () => repair({ ledger: other.name, sealing: sealingOf(other) });
    try {
      await other.append(400);
      await other.seal();
      await other.tamper(cutOff(200));
      await other.append(200, "globex");
      await expect(repairOther()).rejects.toThrow(/it is not the tiles that are wrong; .* may be at position 200/);
      await damage(`delete from audit.tile where ${ofOther}`, `delete from audit.tree_checkpoint where ${ofOther}`);
      await other.seal(other.parts({ anchor: anchorDirectory(elsewhere, other.name) }));
      await expect(repairOther()).rejects.toThrow("in the anchor");
    } finally {
      await other.close();
      rmSync(elsewhere, { recursive: true });
    }
  });
});
