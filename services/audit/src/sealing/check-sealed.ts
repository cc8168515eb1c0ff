import { setTimeout as sleep } from "node:timers/promises";
import {
  appendLeaves,
  EMPTY_RANGE,
  openCheckpoint,
  parseNote,
  parseTile,
  rootHash,
  TILE_WIDTH,
  tileOf,
  TlogError,
  verifySignature,
  type Checkpoint,
  type NoteSignature,
  type TileId,
  type VerifierKey,
} from "@countersign/tlog";
import type { Check, Finding } from "../ledger/flaws.ts";
import type { StoredCheckpoint, TileReader } from "./ports.ts";
import { refusalIsNone } from "./refusal.ts";
import type { SealingParts } from "./resume.ts";

export type SealedParts = Omit<SealingParts, "epochs"> & {
  /** The newest one. */
  readonly epoch: number;
  /** Of the witnesses whose cosignatures can be verified. */
  readonly witnessKeys: readonly VerifierKey[];
};

const [COMMIT_ATTEMPTS, COMMIT_PAUSE_MS] = [10, 100];

/** Tiles per statement, and checkpoints per page. */
const PAGE = 64;

/**
 * Compares all that is sealed: in each epoch each hash of a tile with the tile under it, each checkpoint with the tiles, its signatures
 * and its cosignatures; in the newest one also each row (its entry hashed anew) with its leaf in the tiles, and the newest checkpoints outside of the database, of
 * the anchor and of the witnesses, with all of it. A log that was put back is not what older epochs sealed, which is why they ended. Memory does not grow with the log. What is not sealed yet is not
 * looked at. A flaw's position is the event's; of a tile that of the first event under the hash that is wrong; of a checkpoint its size. Returns what could not be checked: a
 * witness that does not answer may know of another log.
 */
export async function* checkSealed(parts: SealedParts): Check<readonly string[]> {
  const { store, epoch: newest } = parts;
  let sealed = 0;
  // From one of which there is something to the next: the log says how many there were, and may have been made to say anything.
  for (let epoch = await store.epochAfter(0); epoch !== undefined && epoch <= newest; epoch = await store.epochAfter(epoch)) {
    const size = (await store.newest({ epoch }))?.size ?? 0;
    const ofEpoch = { ...parts, epoch };
    if (epoch === newest) {
      sealed = size;
      yield* checkRows(parts, size);
    }
    for (let level = 1; size >= TILE_WIDTH ** level; level += 1) yield* checkLevel(ofEpoch, level, size);
    yield* checkCheckpoints(ofEpoch);
  }
  yield* checkAnchor(parts, sealed);
  return yield* checkWitnesses(parts);
}

async function* checkRows({ log, epoch }: SealedParts, size: number): Check {
  for (let from = 0; from < size; from += PAGE * TILE_WIDTH) {
    const range = { epoch, from, to: Math.min(from + PAGE * TILE_WIDTH, size), deep: true, maxTiles: PAGE };
    for (const position of await log.mismatches(range)) {
      yield { flaw: { position, kind: "SEALED_ROW", detail: "the entry is missing or not the one whose hash was sealed" } };
    }
  }
}

/** Each hash of a level is the root of the full tile under it. */
async function* checkLevel({ store, epoch }: SealedParts, level: number, size: number): Check {
  const width = Math.floor(size / TILE_WIDTH ** level);
  for (let first = 0; first < width; first += TILE_WIDTH) {
    const parent = tileOf(level, first / TILE_WIDTH, size);
    const children = Array.from({ length: parent.width }, (_, number) => tileOf(level - 1, first + number, size));
    const read = await store.tiles(epoch, [parent, ...children]);
    const hashes = hashesOf(read, parent);
    for (const [number, child] of children.entries()) {
      const row = hashesOf(read, child);
      const root = row && rootHash(appendLeaves(EMPTY_RANGE, row));
      const hash = hashes?.[number];
      if (root !== undefined && hash !== undefined && Buffer.compare(root, hash) === 0) continue;
      const detail = `hash ${number} of tile ${level}/${parent.index} and tile ${level - 1}/${child.index} do not belong together`;
      yield { flaw: { position: child.index * TILE_WIDTH ** level, kind: "TILE", detail } };
    }
  }
}

function hashesOf(read: TileReader, tile: TileId): readonly Uint8Array[] | undefined {
  return tolerate(() => parseTile(read(tile), tile.width));
}

async function* checkCheckpoints(parts: SealedParts): Check {
  const { store, epoch } = parts;
  for (let after = 0; ;) {
    const page = await store.checkpoints(epoch, after, PAGE);
    const last = page.at(-1);
    if (last === undefined) return;
    const cosignatures = await store.cosignatures(epoch, after, last.size);
    for (const checkpoint of page) {
      const details = [
        ...(await flawsOf(parts, checkpoint)),
        ...badCosignatures(parts, checkpoint, cosignatures.get(checkpoint.size) ?? []),
      ];
      for (const detail of details) yield { flaw: { position: checkpoint.size, kind: "CHECKPOINT", detail } };
    }
    after = last.size;
  }
}

async function flawsOf(parts: SealedParts, { epoch, origin, size, root, note }: StoredCheckpoint): Promise<readonly string[]> {
  const signer = parts.signerFor(epoch);
  const signed = tolerate(() => openCheckpoint(note, signer.known).checkpoint);
  if (signed === undefined) return ["it has no good signature of ours; earlier keys belong into COUNTERSIGN_LOG_RETIRED_KEYS"];
  const same = signed.origin === origin && origin === signer.origin && isHead(signed, size, root);
  return [
    ...(same ? [] : ["its columns are not what is signed"]),
    ...((await hasRoot(parts, epoch, signed)) ? [] : ["the tiles do not lead to its root"]),
  ];
}

/** Those of witnesses that are not known any more cannot be told from good ones. */
function badCosignatures({ witnessKeys }: SealedParts, { note }: StoredCheckpoint, found: readonly NoteSignature[]): readonly string[] {
  const text = tolerate(() => parseNote(note).text);
  return found.flatMap((signature) => {
    const key = witnessKeys.find(({ name, id }) => name === signature.name && id === signature.keyId);
    const good = key === undefined || (text !== undefined && tolerate(() => verifySignature(text, signature, key)) !== undefined);
    return good ? [] : ["a cosignature beside it does not verify"];
  });
}

async function* checkAnchor(parts: SealedParts, size: number): Check {
  const { anchor, epoch } = parts;
  const flaw = (position: number, detail: string): Finding => ({ flaw: { position, kind: "ANCHOR", detail } });
  const begun = await anchor.epoch();
  if (begun !== epoch) {
    yield flaw(0, `epoch ${begun} was begun, and the log is in epoch ${epoch}`);
    return;
  }
  const newest = await anchor.newest(epoch).catch(refusalIsNone);
  const signed = newest && tolerate(() => openCheckpoint(newest.note, parts.signerFor(epoch).known).checkpoint);
  if (signed === undefined) {
    if (size > 0) yield flaw(size, "the anchor holds no checkpoint of ours; earlier keys belong into COUNTERSIGN_LOG_RETIRED_KEYS");
    return;
  }
  const known = await sizeOnceAt(parts, signed.size);
  if (signed.size > known) yield flaw(known, `${signed.size} events were sealed, and the database knows of ${known}`);
  else if (!(await hasRoot(parts, epoch, signed))) yield flaw(signed.size, "the tiles do not lead to the root that the anchor has");
}

/** The anchor may have been rolled back together with the database: witnesses are somebody else's. */
async function* checkWitnesses(parts: SealedParts): Check<readonly string[]> {
  const silent: string[] = [];
  const { epoch } = parts;
  for (const seen of await parts.witnesses.newest(parts.signerFor(epoch), (name) => silent.push(name))) {
    const flaw = (position: number, detail: string): Finding => ({ flaw: { position, kind: "WITNESS", detail } });
    const known = await sizeOnceAt(parts, seen.size);
    if (seen.size > known) yield flaw(known, `${seen.source} has seen ${seen.size} events, and the database knows of ${known}`);
    else if (!(await hasRoot(parts, epoch, seen))) yield flaw(seen.size, `the tiles do not lead to the root that ${seen.source} has seen`);
  }
  return silent.map((name) => `what witness ${name} has seen: it does not answer with a checkpoint of ours`);
}

/** A checkpoint is in the anchor before its transaction commits, and sealing goes on during a check: only what stays missing is missing. */
async function sizeOnceAt({ store, epoch }: SealedParts, wanted: number): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const size = (await store.newest({ epoch }))?.size ?? 0;
    if (size >= wanted || attempt === COMMIT_ATTEMPTS) return size;
    await sleep(COMMIT_PAUSE_MS);
  }
}

async function hasRoot({ store }: SealedParts, epoch: number, { size, root }: Pick<Checkpoint, "size" | "root">): Promise<boolean> {
  try {
    return Buffer.compare(await store.root(epoch, size), root) === 0;
  } catch (error) {
    if (error instanceof TlogError) return false;
    throw error;
  }
}

const isHead = (signed: Checkpoint, size: number, root: Uint8Array): boolean =>
  signed.size === size && Buffer.compare(signed.root, root) === 0;

function tolerate<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}
