import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FsckRequestSchema, FsckResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sealingConfig, testKey } from "../sealing/testing/sealed-ledger.ts";
import { EVENTS, record } from "../testing/events.ts";
import { idOf } from "../testing/listed-actions.ts";
import { startAuditUnderTest, type AuditUnderTest } from "../testing/running-audit.ts";

const EVENT_COUNT = 300;
let running: AuditUnderTest;
let anchorDirectory: string;
beforeAll(async () => {
  anchorDirectory = mkdtempSync(join(tmpdir(), "countersign-anchor-"));
  running = await startAuditUnderTest({ sealing: sealingConfig(testKey(), anchorDirectory) });
  await Promise.all(
    Array.from({ length: EVENT_COUNT / 2 }, (_, number) =>
      record(running.log, { tenant: "acme", id: idOf(number), version: 0 }, [EVENTS.approved(), EVENTS.grantExpired()]),
    ),
  );
  await running.audit.reached(EVENT_COUNT);
  await vi.waitFor(async () => expect((await running.audit.sealing?.store.newest())?.size).toBe(EVENT_COUNT), 30_000);
});
afterAll(async () => {
  await running.close();
  rmSync(anchorDirectory, { recursive: true });
});

/** What an operator is told, over the bus. */
async function fsck(): Promise<readonly string[]> {
  const messages = await running.stream("Fsck", [FsckRequestSchema, FsckResponseSchema], {});
  const last = messages.at(-1)?.message;
  if (last?.case !== "result") throw new Error("no result");
  expect(last.value.unchecked).toEqual([]);
  const flaws = messages.flatMap(({ message }) => (message.case === "flaw" ? [`${message.value.kind} ${message.value.position}`] : []));
  expect(last.value.flaws).toBe(BigInt(flaws.length));
  return flaws;
}

/** What is found while a table is not as it was, although nothing but its owner may change it. */
async function flawsWith(table: string, statement: string): Promise<readonly string[]> {
  const { pool } = running.owner;
  await pool.query(`alter table ${table} disable trigger all; create table public.untouched as table ${table}; ${statement}`);
  try {
    return await fsck();
  } finally {
    await pool.query(
      `begin; delete from ${table}; insert into ${table} select * from public.untouched; drop table public.untouched; commit`,
    );
  }
}

describe("P6: the Fsck call, over a sealed ledger", () => {
  const flip = (column: string, byte: number): string => `${column} = set_byte(${column}, ${byte}, get_byte(${column}, ${byte}) # 1)`;

  it.each([
    [
      "a flipped bit of a tile of leaves",
      "audit.tile",
      `update audit.tile set ${flip("hashes", 3 * 32)} where level = 0 and index = 0`,
      "SEALED_ROW 3",
    ],
    ["a flipped bit of a tile above", "audit.tile", `update audit.tile set ${flip("hashes", 5)} where level = 1`, "TILE 0"],
    ["a tile that is gone", "audit.tile", "delete from audit.tile where level = 0 and index = 1", "SEALED_ROW 256"],
    [
      "a flipped bit of a checkpoint",
      "audit.tree_checkpoint",
      `update audit.tree_checkpoint set ${flip("note", 40)} where size = 300`,
      "CHECKPOINT 300",
    ],
    [
      "another root beside a signature",
      "audit.tree_checkpoint",
      `update audit.tree_checkpoint set ${flip("root", 0)} where size = 300`,
      "CHECKPOINT 300",
    ],
  ])("finds %s", async (_what, table, statement, expected) => {
    expect(await flawsWith(table, statement)).toContain(expected);
  });
});

describe("P6: the Fsck call, over JetStream", () => {
  /** The wire API of JetStream, as anybody with the right to it can call it. */
  async function api(method: string, request: object = {}): Promise<unknown> {
    const reply = await running.nats.connection.request(`$JS.API.STREAM.${method}`, JSON.stringify(request), { timeout: 20_000 });
    return JSON.parse(reply.string());
  }
  let name: string;
  let config: object;
  let stored: readonly { readonly subject: string; readonly data: string }[];
  beforeAll(async () => {
    const found = (await api("NAMES", { subject: `${running.nats.prefix}.evt.>` })) as { readonly streams: readonly string[] };
    [name = ""] = found.streams;
    await vi.waitFor(async () => expect(await api(`INFO.${name}`)).toMatchObject({ state: { last_seq: EVENT_COUNT } }), 30_000);
    await running.nats.stopRelay();
    ({ config } = (await api(`INFO.${name}`)) as { readonly config: object });
    type Stored = { readonly message: (typeof stored)[number] };
    stored = await Promise.all([1, 2, 3, 4].map(async (seq) => ((await api(`MSG.GET.${name}`, { seq })) as Stored).message));
  });

  /** The stream made anew, without what protects it. */
  async function copyOf(forged: ReadonlyMap<number, Buffer>): Promise<void> {
    await api(`DELETE.${name}`);
    expect(await api(`CREATE.${name}`, { ...config, deny_delete: false, deny_purge: false })).not.toHaveProperty("error");
    for (const [index, { subject, data }] of stored.entries())
      await running.nats.connection.request(subject, forged.get(index + 1) ?? Buffer.from(data, "base64"));
  }

  it("finds nothing in an untouched copy, and the stream lets nobody remove a message", async () => {
    expect(await fsck()).toEqual([]);
    expect(await api(`MSG.DELETE.${name}`, { seq: 2 })).toMatchObject({ error: { description: "message delete not permitted" } });
  });

  it("finds a message that was removed", async () => {
    await copyOf(new Map());
    expect(await fsck()).toEqual([]);
    expect(await api(`MSG.DELETE.${name}`, { seq: 2 })).toMatchObject({ success: true });
    expect(await fsck()).toEqual(["COPY 1"]);
  });

  it("finds another body under a sequence", async () => {
    await copyOf(new Map([[2, Buffer.from("another event")]]));
    expect(await fsck()).toEqual(["COPY 1"]);
  });
});
