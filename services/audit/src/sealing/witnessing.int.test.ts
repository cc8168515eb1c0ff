import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeEvent } from "@countersign/events";
import { silentLogger } from "@countersign/telemetry";
import {
  acceptCheckpoint,
  formatVerifierKey,
  parsePolicy,
  openCheckpoint,
  parseProofFile,
  TREE_SIZE_TYPE,
  verifyProofFile,
  type TrustPolicy,
} from "@countersign/tlog";
import { keepWitnessKey, startWitnessServer, type RunningWitness } from "@countersign/witness";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { httpWitnesses } from "./adapters/http-witnesses.ts";
import type { Anchor } from "./ports.ts";
import { proofFor } from "./proof.ts";
import { cutOff, ORIGIN, sealedLedger, sealingDatabase, type SealedLedger } from "./testing/sealed-ledger.ts";
import { signerFor as boundSigner } from "./signer.ts";
import { startWitnessing } from "./witnessing.ts";

let database: Awaited<ReturnType<typeof sealingDatabase>>;
let ledger: SealedLedger;
let directories: string[];
let running: RunningWitness[];
let policy: TrustPolicy;

beforeAll(async () => {
  database = await sealingDatabase();
  ledger = await sealedLedger(database);
  directories = ["one", "two"].map(() => mkdtempSync(join(tmpdir(), "countersign-witness-")));
  running = await Promise.all(directories.map((directory, number) => startWitness(directory, number)));
  const lines = directories.map(
    (directory, number) => `witness w${number} ${formatVerifierKey(keyOf(directory, number).verifier)} ${running[number]?.url}`,
  );
  policy = parsePolicy(Buffer.from([`log ${formatVerifierKey(logKey())}`, ...lines, "group both 2 w0 w1", "quorum both", ""].join("\n")));
});
afterAll(async () => {
  for (const witness of running) await witness.close();
  for (const directory of directories) rmSync(directory, { recursive: true });
  await ledger.close();
  await database.drop();
});

const signerFor = (epoch: number) => boundSigner(ORIGIN, epoch, { signing: [ledger.key], retired: [] });
const keyOf = (directory: string, number: number) => keepWitnessKey(directory, `witness.example/${number}`);
function logKey() {
  const [key] = signerFor(1).keys;
  if (key === undefined) throw new Error("no key");
  return key;
}
const startWitness = (directory: string, number: number, port = 0) =>
  startWitnessServer({ key: keyOf(directory, number), logs: [logKey()], directory, host: "127.0.0.1", port });

function seal(change: Parameters<SealedLedger["start"]>[0] = {}) {
  const witnesses = httpWitnesses(policy.witnesses, silentLogger);
  const sealer = ledger.start({ witnesses, ...change });
  const witnessing = startWitnessing({
    policy,
    witnesses,
    store: ledger.store,
    sealer,
    database: ledger.database,
    ledger: ledger.name,
    logger: silentLogger,
    intervalMs: 10,
    signerFor,
  });
  return {
    sealer,
    close: async () => {
      await witnessing.close();
      await sealer.close();
    },
  };
}

/** Restored together with the database, and written to from then on. */
async function olderAnchor(): Promise<Anchor> {
  let newest: { size: number; note: Uint8Array } | undefined = await ledger.store.newest();
  const append: Anchor["append"] = async (_epoch, size, note) => void (newest = { size, note });
  return { ...ledger.anchor, newest: async () => newest, append };
}

const witnessedSize = async (): Promise<number> => (await ledger.store.newest({ assurance: "witnessed" }))?.size ?? 0;

describe("P6: witnesses", () => {
  it("cosign what is sealed, over HTTP, until the quorum is met; a proof then satisfies the pinned policy", async () => {
    const sealing = seal();
    for (const [count, size] of [
      [5, 5],
      [300, 305],
      [1, 306],
    ] as const) {
      await ledger.append(count);
      await vi.waitFor(async () => expect(await witnessedSize()).toBe(size), 30_000);
    }
    await sealing.close();
    const newest = await ledger.store.newest({ assurance: "witnessed" });
    expect(acceptCheckpoint(newest?.note ?? Buffer.alloc(0), policy).cosignatures).toHaveLength(2);
    const [event] = await ledger.log.readAll({ from: 300, limit: 1 });
    if (event === undefined) throw new Error("no event");
    const proof = await proofFor(ledger.store, event, "witnessed");
    expect(verifyProofFile(parseProofFile(proof ?? Buffer.alloc(0)), event.leafHash, policy).index).toBe(300);
  });

  it("a sealer that starts anew learns from a 409 what a witness has, and a witness that is away holds up nobody but the quorum", async () => {
    const [first, second] = running;
    const port = Number(new URL(second?.url ?? "").port);
    await second?.close();
    const sealing = seal();
    await ledger.append(10);
    await vi.waitFor(async () => expect((await ledger.store.newest())?.size).toBe(316), 30_000);
    expect(await witnessedSize()).toBe(306);
    running = [first, await startWitness(directories[1] ?? "", 1, port)].filter((witness) => witness !== undefined);
    await vi.waitFor(async () => expect(await witnessedSize()).toBe(316), 30_000);
    await sealing.close();
  });

  it("what a witness says without a checkpoint of ours makes nobody read the whole log again", async () => {
    const known = await ledger.store.newest();
    let asked = 0;
    // It shows nothing, or only what it may have seen.
    const liar = createServer(({ method }, response) => {
      if (method === "GET") response.writeHead(asked % 2 === 0 ? 404 : 200).end(known?.note);
      else if ((asked += 1) % 3 === 0) response.writeHead(422).end();
      else response.writeHead(409, { "content-type": TREE_SIZE_TYPE }).end("4503599627370496\n");
    });
    await new Promise<void>((resolve) => liar.listen(0, "127.0.0.1", resolve));
    const address = liar.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
    const witnesses = httpWitnesses(
      policy.witnesses.slice(0, 1).map((witness) => ({ ...witness, url })),
      silentLogger,
    );
    const recheck = vi.fn<() => void>();
    const sealer = { status: () => ({ state: "sealing", epoch: 1, sealed: 0, lagMs: 0 }) as const, recheck };
    const { store, database: db, name } = ledger;
    const options = { policy, witnesses, store, sealer, database: db, ledger: name, logger: silentLogger, intervalMs: 1 };
    const witnessing = startWitnessing({ ...options, signerFor });
    await vi.waitFor(() => expect(asked).toBeGreaterThan(5), 20_000);
    await witnessing.close();
    liar.closeAllConnections();
    liar.close();
    expect(recheck).not.toHaveBeenCalled();
  });

  it("an older database with an older anchor is found out by what the witnesses have seen", async () => {
    await ledger.tamper(`${cutOff(305)};
      delete from audit.cosignature where @ and size > 305; delete from audit.tree_checkpoint where @ and size > 305`);
    const anchor = await olderAnchor();
    const witnesses = httpWitnesses(policy.witnesses, silentLogger);
    await expect(ledger.seal(ledger.parts({ anchor, witnesses }))).rejects.toMatchObject({ refusal: "ROLLED_BACK", position: 305 });
    const away = "http://127.0.0.1:1";
    const [reached, ...others] = policy.witnesses;
    if (reached === undefined) throw new Error("no witness");
    const oneAway = httpWitnesses([reached, ...others.map((witness) => ({ ...witness, url: away }))], silentLogger);
    const { flaws, result: unchecked } = await ledger.check({ anchor, witnesses: oneAway });
    expect(flaws).toEqual([{ kind: "WITNESS", position: 305, detail: "witness w0 has seen 316 events, and the database knows of 305" }]);
    expect(unchecked).toEqual(["what witness w1 has seen: it does not answer with a checkpoint of ours"]);
    // Another past of the same length, or longer, is no better.
    await ledger.append(20, "forger");
    await expect(ledger.seal(ledger.parts({ anchor, witnesses }))).rejects.toMatchObject({ refusal: "REWRITTEN", position: 305 });
  });

  it("a witness that refuses a fork makes a running sealer look again, and stop", async () => {
    const real = httpWitnesses(policy.witnesses, silentLogger);
    const newest = vi.fn<typeof real.newest>(real.newest).mockResolvedValueOnce([]);
    const sealing = seal({ witnesses: { newest }, anchor: await olderAnchor() });
    await vi.waitFor(() => expect(sealing.sealer.status()).toMatchObject({ state: "refused", refusal: { kind: "REWRITTEN" } }), 30_000);
    expect(newest.mock.calls.length).toBeGreaterThan(1);
    await sealing.close();
  });

  it("an epoch that is begun then commits to what the witnesses have seen, and not to what the anchor still knows", async () => {
    const witnesses = httpWitnesses(policy.witnesses, silentLogger);
    const started = await ledger.startEpoch(ledger.parts({ anchor: await olderAnchor(), witnesses }));
    expect(started).toMatchObject({ epoch: 2, refusal: { refusal: "REWRITTEN" } });
    const [recorded] = await ledger.log.readAll({ from: started.position, limit: 1 });
    const event = recorded && decodeEvent(recorded);
    if (event?.type !== "EpochStarted") throw new Error("no epoch");
    const sizes = [event.data.previousCheckpoint, ...event.data.witnessedCheckpoints].map(
      (note) => openCheckpoint(note, [logKey()]).checkpoint.size,
    );
    expect(sizes).toEqual([325, 316]);
  });
});
