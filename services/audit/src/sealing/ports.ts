import type { NoteSignature, Tile, TileId, VerifierKey } from "@countersign/tlog";

/** A signed checkpoint as it is kept. */
export type StoredCheckpoint = {
  /** Counts the trees of a ledger, from 1; each has an origin of its own. */
  readonly epoch: number;
  readonly origin: string;
  /** Events it covers: those at positions below. */
  readonly size: number;
  readonly root: Uint8Array;
  /** The signed note with the cosignatures that came in so far. */
  readonly note: Uint8Array;
  readonly time: Date;
};

/** Reads tiles that were loaded before; any other one is a bug. What it gives proves nothing until it meets a signed root. */
export type TileReader = (tile: TileId) => Uint8Array;

/** Which checkpoint: any, or only those that meet the quorum of witnesses. */
export type Assurance = "sealed" | "witnessed";

/** Reads what was sealed. The leaf index of an event is its position, in every epoch. */
export type TreeStore = {
  /** The newest checkpoint of all epochs, or of one. */
  newest(options?: { readonly epoch?: number; readonly assurance?: Assurance }): Promise<StoredCheckpoint | undefined>;
  /** The first epoch after this one of which there is a checkpoint. */
  epochAfter(epoch: number): Promise<number | undefined>;
  /** The first checkpoint of the newest epoch (or the one given) that has `size` events or more. */
  covering(wanted: {
    readonly size: number;
    readonly epoch?: number | undefined;
    readonly assurance?: Assurance;
  }): Promise<StoredCheckpoint | undefined>;
  /** The checkpoints of an epoch that are larger than `after`, smallest first, as signed: without cosignatures. At most `limit`. */
  checkpoints(epoch: number, after: number, limit: number): Promise<readonly StoredCheckpoint[]>;
  /** The cosignatures kept of an epoch's checkpoints larger than `after` and up to `size`, by their sizes. */
  cosignatures(epoch: number, after: number, size: number): Promise<ReadonlyMap<number, readonly NoteSignature[]>>;
  /** Loads tiles in the widths given. @throws TlogError `node_missing` when one is not there, `tile_malformed` when it is too short. */
  tiles(epoch: number, tiles: readonly TileId[]): Promise<TileReader>;
  /** Inclusion proof of a position in the tree of `size` leaves. */
  inclusionProof(epoch: number, position: number, size: number): Promise<readonly Uint8Array[]>;
  /** Proof that the tree of `size` leaves continues the one of `oldSize`. */
  consistencyProof(epoch: number, oldSize: number, size: number): Promise<readonly Uint8Array[]>;
  /** Root of the tree of `size` leaves as the tiles have it. */
  root(epoch: number, size: number): Promise<Uint8Array>;
};

/** The right to seal one ledger, for one instance at a time. */
export type SealTerm = {
  /** Keeps the right; false when it is lost. */
  renew(): Promise<boolean>;
  /**
   * One transaction, in which nobody else can seal or take the right over. It is rolled back when `work` throws.
   * @throws TermLostError before `work` when somebody else has the right by now.
   */
  write(work: (writer: SealWriter) => Promise<void>): Promise<void>;
  /** Gives the right up. */
  release(): Promise<void>;
};

/** What the holder writes. */
export type SealWriter = {
  tiles(epoch: number, tiles: readonly Tile[]): Promise<void>;
  checkpoint(checkpoint: Omit<StoredCheckpoint, "time">): Promise<void>;
};

/** Another instance seals. */
export class TermLostError extends Error {
  override readonly name = "TermLostError";
}

/** What to compare with the tiles. */
export type SealedRange = {
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
  readonly deep: boolean;
  readonly maxTiles: number;
};

/** The log as the sealer reads it. */
export type SealableLog = {
  /** Events that are committed. */
  head(): Promise<number>;
  /**
   * Leaf hashes of the positions from `from` on and before `to`, or before the first that is corrupt.
   * @throws SealRefusedError when that is `from` itself: `POSITION_GAP` when it is missing, `FORGED` when no service appended the event there.
   */
  leaves(from: number, to: number): Promise<readonly Uint8Array[]>;
  /**
   * The positions from `from` on and before `to` whose stored leaf hash is not what the tiles say, in order; `from` is the first of a tile. Looks into the first
   * `maxTiles` tiles that differ. `deep` hashes the entries themselves.
   */
  mismatches(range: SealedRange): Promise<readonly number[]>;
};

/** An epoch as the log records its beginning; the first one begins without an event. */
export type Epoch = {
  readonly epoch: number;
  /** The first checkpoint of the epoch has this size or more: it covers the event that began it. */
  readonly firstSize: number;
};

/** An epoch that an operator begins. */
export type NewEpoch = {
  readonly epoch: number;
  readonly origin: string;
  readonly refusal: string;
  readonly refusedPosition: number;
  /** The last checkpoint that the anchor has. */
  readonly previousCheckpoint: Uint8Array;
  /** The newest ones that witnesses tell, each once. */
  readonly witnessedCheckpoints: readonly Uint8Array[];
};

/** The epochs that the log records. */
export type EpochHistory = {
  newest(): Promise<Epoch>;
};

/** A private key wherever it lies: a file, or a service that signs. */
export type SigningKey = {
  /** 32 bytes of Ed25519. */
  readonly publicKey: Uint8Array;
  /** 64 bytes of Ed25519 over the message. */
  sign(message: Uint8Array): Promise<Uint8Array>;
};

/** A checkpoint found outside of the database, with a signature of ours that verified: what we have signed, whatever the database says. */
export type ExternalCheckpoint = {
  /** For people: the anchor, or the name of a witness. */
  readonly source: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** With those signatures that verified. */
  readonly note: Uint8Array;
};

/** The memory outside of the database. */
export type Anchor = {
  /** The newest epoch that was begun with this anchor; 0 for none. */
  epoch(): Promise<number>;
  /** Begins an epoch; fails when it has begun. */
  begin(epoch: number): Promise<void>;
  /** The largest checkpoint of an epoch. @throws SealRefusedError `ANCHOR_UNREADABLE` */
  newest(epoch: number): Promise<{ readonly size: number; readonly note: Uint8Array } | undefined>;
  /** Durable when it resolves. */
  append(epoch: number, size: number, note: Uint8Array): Promise<void>;
};

/** Signs for one origin, with every key in use. */
export type CheckpointSigner = {
  readonly origin: string;
  /** Keys that sign, the newest first. */
  readonly keys: readonly VerifierKey[];
  /** Those, and retired ones whose signatures are still ours. */
  readonly known: readonly VerifierKey[];
  sign(text: string): Promise<readonly NoteSignature[]>;
};

/** The witnesses that the policy names. */
export type WitnessNetwork = {
  /** The newest checkpoints of this log that they have cosigned and now tell. Those that do not tell, or tell what we have not signed, are left out, and named to `onSilent`. */
  newest(signer: CheckpointSigner, onSilent?: (name: string) => void): Promise<readonly ExternalCheckpoint[]>;
};
