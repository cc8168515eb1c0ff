import { createHash } from "node:crypto";
import {
  GetCheckpointRequestSchema,
  GetCheckpointResponseSchema,
  GetProofRequestSchema,
  GetProofResponseSchema,
  StartEpochRequestSchema,
  StartEpochResponseSchema,
} from "@countersign/proto/v1/audit_service_pb";
import { AwaitSealRequestSchema, AwaitSealResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import {
  leafHash,
  openCheckpoint,
  parsePolicy,
  parseProofFile,
  parseTile,
  parseVerifierKey,
  rootHash,
  appendLeaves,
  EMPTY_RANGE,
  verifyProofFile,
} from "@countersign/tlog";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { sealingHandlers } from "../adapters/commands/sealing.ts";
import { uuidText } from "../adapters/events/uuid.ts";
import { positionOfEvent } from "../adapters/postgres/event-by-id.ts";
import { call, caller, refusal, type CallerInit } from "../testing/calls.ts";
import { EVENTS, record } from "../testing/events.ts";
import { flawsOf } from "../testing/flaws-of.ts";
import type { Sealing } from "./start-sealing.ts";
import { cutOff, ORIGIN, sealedLedger, sealingDatabase, UNSEAL, type SealedLedger } from "./testing/sealed-ledger.ts";

let database: Awaited<ReturnType<typeof sealingDatabase>>;
let ledger: SealedLedger;
let sealing: Sealing;
const ID = "018f0000-0000-7000-8000-000000000001";

beforeAll(async () => {
  database = await sealingDatabase();
  ledger = await sealedLedger(database);
  await ledger.append(300, "other");
  await record(ledger.log, { tenant: "acme", id: ID, version: 0 }, [EVENTS.requested(), EVENTS.approved()]);
  sealing = await ledger.startSealing({ tiles: { host: "127.0.0.1", port: 0 } });
});
afterAll(async () => {
  await sealing.close();
  await ledger.close();
  await database.drop();
});

const handler = (method: string, given: Sealing | undefined = sealing) => {
  const positionOf = (tenant: string, id: string) => positionOfEvent(ledger.database, ledger.name, tenant, id);
  const found = sealingHandlers({ sealing: given, log: ledger.log, clock: () => new Date(0), positionOf })[method];
  if (found === undefined) throw new Error(`no handler ${method}`);
  return found;
};
const PROOF = [GetProofRequestSchema, GetProofResponseSchema] as const;
type Named =
  | { readonly case: "position"; readonly value: bigint }
  | { readonly case: "eventId"; readonly value: string }
  | { readonly case: "actionVersion"; readonly value: { readonly actionId: string; readonly version: bigint } };
const prove = (event: Named, who: CallerInit = caller()) => call(handler("GetProof"), PROOF, { event }, who);
const version = (value: bigint) => ({ case: "actionVersion", value: { actionId: ID, version: value } }) as const;

describe("P6: proofs", () => {
  it("prove an event by any of its names, to whoever pins the key", async () => {
    await vi.waitFor(async () => expect((await sealing.store.newest())?.size).toBe(302), 30_000);
    const [first] = await ledger.log.readStream({ tenant: "acme", type: "action", id: ID });
    const names: Named[] = [
      version(1n),
      { case: "position", value: 300n },
      { case: "eventId", value: uuidText(first?.eventId ?? Buffer.alloc(16)) },
    ];
    const policy = parsePolicy(Buffer.from(`log ${sealing.verifierKeys(1)[0]}\nquorum none\n`));
    for (const event of names) {
      const { proof, entry, index } = await prove(event);
      expect(verifyProofFile(parseProofFile(Buffer.from(proof)), leafHash(entry), policy).index).toBe(300);
      expect(index).toBe(300n);
      expect(() => verifyProofFile(parseProofFile(Buffer.from(proof)), leafHash(entry.subarray(1)), policy)).toThrow();
    }
  });

  it("prove no other event to which a column was made to lead", async () => {
    const proofOf = sealingHandlers({ sealing, log: ledger.log, clock: () => new Date(0), positionOf: async () => 300 })["GetProof"];
    const event = { case: "eventId", value: "018f0000-0000-7000-8000-00000000dead" } as const;
    if (proofOf === undefined) throw new Error("no handler");
    expect(await refusal(call(proofOf, PROOF, { event }))).toBe("NOT_FOUND NOT_FOUND");
  });

  it("P8: a tenant gets proofs for its own events only, and learns nothing of others", async () => {
    const others = (await ledger.log.readAll({ from: 7, limit: 1 }))[0];
    const requests: Named[] = [
      { case: "position", value: 7n },
      { case: "position", value: 5_000n },
      { case: "eventId", value: uuidText(others?.eventId ?? Buffer.alloc(16)) },
      { case: "eventId", value: "018f0000-0000-7000-8000-00000000dead" },
      version(9n),
    ];
    for (const event of requests) expect(await refusal(prove(event))).toBe("NOT_FOUND NOT_FOUND");
    expect(await refusal(prove(version(1n), caller({ tenant: "other" })))).toBe("NOT_FOUND NOT_FOUND");
    const stranger = caller({ id: "mallory", roles: ["requester"] });
    expect(await refusal(prove(version(1n), stranger))).toBe("NOT_FOUND NOT_FOUND");
    const requester = caller({ id: "exporter", roles: ["requester"] });
    expect((await prove(version(2n), requester)).index).toBe(301n);
    const forBob = caller({ id: "exporter", roles: ["requester"], chain: [{ issuer: "https://idp.test", id: "bob" }] });
    expect(await refusal(prove(version(2n), forBob))).toBe("NOT_FOUND NOT_FOUND");
  });

  it("P8: nobody learns by waiting that somebody else's action is there", async () => {
    const schemas = [AwaitSealRequestSchema, AwaitSealResponseSchema] as const;
    const wait = (who: CallerInit) => call(handler("AwaitSeal"), schemas, { actionId: ID, version: 1n, timeoutMs: 20_000 }, who);
    const roles = ["requester"];
    const chain = [{ issuer: "https://idp.test", id: "bob" }];
    expect((await wait(caller({ id: "exporter", roles }))).sealed).toBe(true);
    for (const other of [caller({ id: "mallory", roles }), caller({ id: "exporter", roles, chain })])
      expect(await refusal(wait(other))).toBe("NOT_FOUND NOT_FOUND");
  });

  it("without sealing says so, and the checkpoint comes with its keys", async () => {
    const handlers = sealingHandlers({ sealing: undefined, log: ledger.log, clock: () => new Date(0), positionOf: async () => undefined });
    const without = handlers["GetProof"];
    if (without === undefined) throw new Error("no handler");
    expect(await refusal(call(without, PROOF, { event: version(1n) }))).toBe("FAILED_PRECONDITION WRONG_STATE");
    const reply = await call(handler("GetCheckpoint"), [GetCheckpointRequestSchema, GetCheckpointResponseSchema], {});
    const { checkpoint } = openCheckpoint(Buffer.from(reply.checkpoint), reply.verifierKeys.map(parseVerifierKey));
    expect([BigInt(checkpoint.size), Buffer.compare(checkpoint.root, reply.rootHash)]).toEqual([reply.size, 0]);
  });

  it("waits until a version is sealed, and says when it is not in time", async () => {
    const schemas = [AwaitSealRequestSchema, AwaitSealResponseSchema] as const;
    const wait = (change: object) => call(handler("AwaitSeal"), schemas, { actionId: ID, version: 3n, timeoutMs: 20_000, ...change });
    await record(ledger.log, { tenant: "acme", id: ID, version: 2 }, [EVENTS.granted()]);
    expect((await wait({})).sealed).toBe(true);
    expect((await wait({ witnessed: true, timeoutMs: 50 })).sealed).toBe(false);
    expect(await refusal(wait({ version: 4n }))).toBe("NOT_FOUND NOT_FOUND");
  });
});

describe("P6: tiles over HTTP", () => {
  const get = (path: string, init: RequestInit = {}) => fetch(`http://${sealing.tilesAddress}${path}`, init);

  it("a generic monitor computes the root from checkpoint and tiles", async () => {
    const response = await get("/checkpoint");
    expect(response.url).toMatch(/\/1\/checkpoint$/);
    expect(await (await get("/checkpoint", { redirect: "manual" })).text()).toBe("it is at /1/checkpoint\n");
    const keys = (await (await get("/1/keys")).text()).trim().split("\n").map(parseVerifierKey);
    const { checkpoint } = openCheckpoint(Buffer.from(await response.arrayBuffer()), keys);
    const rest = checkpoint.size - 256;
    const leaves = [...parseTile(await bytes("/1/tile/0/000"), 256), ...parseTile(await bytes(`/tile/0/001.p/${rest}`), rest)];
    expect(Buffer.compare(rootHash(appendLeaves(EMPTY_RANGE, leaves)), checkpoint.root)).toBe(0);
    expect((await bytes("/1/tile/0/001.p/1")).length).toBe(32);
    const tile = await get("/1/tile/0/000");
    expect([tile.headers.get("cache-control"), response.headers.get("cache-control")]).toEqual([
      "public, max-age=31536000, immutable",
      "no-cache",
    ]);
  });

  it("P8: serves hashes only: no entries, nothing beyond the log, no other path", async () => {
    const paths = [
      "/",
      "/1/tile/entries/000.p/1",
      "/1/tile/0/001",
      "/1/tile/0/001.p/255",
      "/1/tile/9/000",
      "/2/checkpoint",

      "/1/checkpoint?x",
      "/metrics",
      "/1/tile/0/01",
    ];
    for (const path of paths) expect((await get(path)).status, path).toBe(404);
    expect((await get("/checkpoint", { method: "POST" })).status).toBe(405);
  });

  async function bytes(path: string): Promise<Buffer> {
    return Buffer.from(await (await get(path)).arrayBuffer());
  }
});

describe("P6: a new epoch", () => {
  const START = [StartEpochRequestSchema, StartEpochResponseSchema] as const;

  it("is refused while the log continues what was signed", async () => {
    const asked = call(handler("StartEpoch"), START, {});
    expect(await refusal(asked)).toBe("FAILED_PRECONDITION WRONG_STATE");
    // A cause would be logged with its stack.
    await expect(asked).rejects.not.toHaveProperty("cause", expect.anything());
  });

  it("after a restore of an older database nothing is signed until an operator begins one, which commits to the last checkpoint", async () => {
    const before = await sealing.store.newest();
    await ledger.tamper(`${cutOff(200)}; ${UNSEAL}`);
    await vi.waitFor(
      () => expect(sealing.status()).toMatchObject({ state: "refused", refusal: { kind: "ROLLED_BACK", position: 200 } }),
      30_000,
    );
    await ledger.append(3, "third");
    expect(await sealing.awaitSealed({ position: 201, leafHash: createHash("sha256").digest() }, "sealed", 100)).toBe(false);
    const started = await call(handler("StartEpoch"), START, {});
    expect(started).toMatchObject({ epoch: 2n, origin: `${ORIGIN}/2`, position: 203n });
    expect(started.previousCheckpoint).toBe(Buffer.from(before?.note ?? []).toString());
    await vi.waitFor(async () => expect(await sealing.store.newest()).toMatchObject({ epoch: 2, size: 204 }), 30_000);
    expect(await sealing.store.covering({ size: 1 })).toMatchObject({ size: 204, origin: `${ORIGIN}/2` });
    expect((await flawsOf(sealing.check())).flaws).toEqual([]);
    expect((await fetch(`http://${sealing.tilesAddress}/checkpoint`)).url).toMatch(/\/2\/checkpoint$/);
  });
});
