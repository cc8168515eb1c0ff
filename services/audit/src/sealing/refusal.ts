import { EventLogError } from "@countersign/event-log";

/** Why the sealer does not sign. Each of these needs a person to look. */
export type SealRefusal =
  /** The log or the tree ends before what was signed: an older database was restored, or a tail was cut off. */
  | "ROLLED_BACK"
  /** A row that was sealed is not as it was, or the log does not fit together. */
  | "REWRITTEN"
  /** No service appended this event: it does not have its hash, or no append code of ours. */
  | "FORGED"
  /** Positions are missing. */
  | "POSITION_GAP"
  /** Tiles and checkpoint in the database contradict each other. */
  | "TREE_DAMAGED"
  /** The database holds checkpoints, and the memory outside of it holds none. */
  | "ANCHOR_LOST"
  /** The memory outside of the database cannot be read, or what it holds was signed by nobody. */
  | "ANCHOR_UNREADABLE"
  /** The memory outside of the database is signed under a name, or with a key, that this process was not told: settings, most likely. */
  | "KEY_UNKNOWN"
  /** The log says that an epoch began, and no operator began it here. */
  | "EPOCH_UNKNOWN";

/** The database contradicts what was signed. Signing over it would fork the log, so nothing is signed until an operator has decided. */
export class SealRefusedError extends Error {
  override readonly name = "SealRefusedError";
  readonly refusal: SealRefusal;
  /** The first position that is known to be wrong. */
  readonly position: number;

  constructor(refusal: SealRefusal, position: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.refusal = refusal;
    this.position = position;
  }
}

export const forged = (position: number, cause: EventLogError) => new SealRefusedError("FORGED", position, cause.message, { cause });

/** Why not to sign, if the error says so: also a log that its own readers refuse. */
export function refusalIn(error: unknown): SealRefusedError | undefined {
  if (error instanceof SealRefusedError) return error;
  if (!(error instanceof EventLogError) || error.code !== "corrupt") return undefined;
  const position = error.position ?? 0;
  return error.forged ? forged(position, error) : new SealRefusedError("REWRITTEN", position, error.message, { cause: error });
}

/** For who takes an anchor that cannot be read for one that holds nothing. */
export function refusalIsNone(error: unknown): undefined {
  if (!(error instanceof SealRefusedError)) throw error;
}
