import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  consistencyProof,
  formatAddCheckpoint,
  formatCheckpoint,
  formatNote,
  leafHash,
  nodesOfLeaves,
  openCheckpoint,
  parseCosignatures,
  signerKeyOfSeed,
  signNote,
  treeRoot,
  verifySignature,
  witnessedPath,
} from "@countersign/tlog";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepWitnessKey, startWitnessServer, type RunningWitness } from "./index.ts";

const ORIGIN = "log.example/main/1";
const log = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 1));
const stranger = signerKeyOfSeed(ORIGIN, "note", Buffer.alloc(32, 2));

let directory: string;
let witness: RunningWitness;
const start = () =>
  startWitnessServer({
    key: keepWitnessKey(directory, "witness.example/one"),
    logs: [log.verifier],
    directory,
    host: "127.0.0.1",
    port: 0,
  });
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "countersign-witness-"));
  witness = await start();
});
afterEach(async () => {
  await witness.close();
  rmSync(directory, { recursive: true, force: true });
});

/** A tree in which the leaves from `fork` on are others. */
const nodes = (fork = Infinity) => nodesOfLeaves((index) => leafHash(Buffer.from(index < fork ? `${index}` : `other ${index}`)));
const textOf = (size: number, fork?: number, origin = ORIGIN) =>
  formatCheckpoint({ origin, size, root: treeRoot(size, nodes(fork)), extensions: [] });

function body(oldSize: number, size: number, options: { fork?: number; key?: typeof log; origin?: string } = {}): Buffer {
  const text = textOf(size, options.fork, options.origin);
  const checkpoint = formatNote({ text, signatures: [signNote(text, options.key ?? log)] });
  return formatAddCheckpoint({ oldSize, proof: oldSize === 0 ? [] : consistencyProof(oldSize, size, nodes(options.fork)), checkpoint });
}

async function post(bytes: Buffer, url = witness.url): Promise<{ status: number; text: string; type: string | null }> {
  const response = await fetch(`${url}/add-checkpoint`, { method: "POST", body: new Uint8Array(bytes) });
  return { status: response.status, text: await response.text(), type: response.headers.get("content-type") };
}

async function newest(): Promise<number> {
  const response = await fetch(`${witness.url}/${witnessedPath(ORIGIN)}`);
  const key = keepWitnessKey(directory, "witness.example/one").verifier;
  const { checkpoint, signatures } = openCheckpoint(Buffer.from(await response.arrayBuffer()), [log.verifier], [key]);
  expect(signatures).toHaveLength(2);
  return checkpoint.size;
}

describe("P6: a witness cosigns one history of each log", () => {
  it("cosigns what continues what it has seen, and shows it", async () => {
    expect((await fetch(`${witness.url}/${witnessedPath(ORIGIN)}`)).status).toBe(404);
    for (const [old, size] of [
      [0, 5],
      [5, 5],
      [5, 13],
    ] as const) {
      const { status, text } = await post(body(old, size));
      expect(status).toBe(200);
      const [signature] = parseCosignatures(Buffer.from(text));
      const key = keepWitnessKey(directory, "witness.example/one").verifier;
      if (signature === undefined) throw new Error("no signature");
      expect(verifySignature(textOf(size), signature, key).time).toBeGreaterThan(1_700_000_000);
    }
    expect(await newest()).toBe(13);
  });

  it("refuses a fork, a rollback, a stranger and an unknown log", async () => {
    await post(body(0, 8));
    expect((await post(body(8, 13, { fork: 3 }))).status).toBe(422);
    expect((await post(body(8, 8, { fork: 3 }))).status).toBe(422);
    expect(await post(body(0, 5))).toEqual({ status: 409, text: "8\n", type: "text/x.tlog.size" });
    expect(await post(body(5, 13))).toMatchObject({ status: 409, text: "8\n" });
    expect((await post(body(8, 13, { key: stranger }))).status).toBe(403);
    const other = signerKeyOfSeed("log.example/main/2", "note", Buffer.alloc(32, 1));
    expect((await post(body(0, 13, { key: other, origin: "log.example/main/2" }))).status).toBe(404);
    expect((await post(Buffer.from("old 9\n\nnonsense"))).status).toBe(400);
    expect((await post(Buffer.alloc(100_000, 97))).status).toBe(400);
    expect((await fetch(`${witness.url}/add-checkpoint`)).status).toBe(405);
    expect((await fetch(`${witness.url}/../witness.key`)).status).toBe(404);
    expect(await newest()).toBe(8);
  });

  it("remembers after a restart", async () => {
    await post(body(0, 8));
    await witness.close();
    witness = await start();
    expect(await newest()).toBe(8);
    expect((await post(body(0, 8))).status).toBe(409);
    expect((await post(body(8, 9, { fork: 2 }))).status).toBe(422);
    expect((await post(body(8, 9))).status).toBe(200);
  });

  it("of many at once that continue the same size differently, one is cosigned, also by two processes on one directory", async () => {
    await post(body(0, 4));
    const second = await start();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, number) =>
        post(body(4, 5 + (number % 6), { fork: 4 + (number % 3) }), number % 2 === 0 ? witness.url : second.url),
      ),
    );
    await second.close();
    const cosigned = answers.filter(({ status }) => status === 200);
    expect(cosigned).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(11);
    expect(readdirSync(directory).filter((name) => name !== "witness.key")).toHaveLength(1);
  });

  it("P7: state that cannot be read is no empty state", async () => {
    await post(body(0, 4));
    const folder = readdirSync(directory).find((name) => name !== "witness.key");
    writeFileSync(join(directory, folder ?? "", "2"), "cut o");
    expect((await post(body(0, 9))).status).toBe(500);
    expect((await post(body(4, 9))).status).toBe(500);
  });

  it("keeps its key to itself, under one name", () => {
    expect(statSync(join(directory, "witness.key")).mode & 0o777).toBe(0o600);
    expect(() => keepWitnessKey(directory, "witness.example/two")).toThrow(/key of witness.example\/one/);
  });
});
