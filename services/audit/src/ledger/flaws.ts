/** Something that is not as it must be. Names no tenant and no content: ledger operators see it, whosever it is. */
export type Flaw = { readonly position: number; readonly kind: FlawKind; readonly detail: string };

export type FlawKind =
  /** Events are missing from here on. */
  | "POSITION_GAP"
  /** An event lies before the beginning of the ledger. */
  | "BEFORE_BEGINNING"
  /** An event lies behind the end of the ledger. */
  | "BEYOND_HEAD"
  /** The entry's bytes cannot be read. */
  | "ENTRY"
  /** The stored leaf hash is not the entry's. */
  | "LEAF_HASH"
  /** The event has no append code of ours: it is forged or changed, or `audit` lacks the key of then. */
  | "APPEND_CODE"
  /** A column says something else than the entry. */
  | "COLUMN"
  | "STREAM_VERSION"
  | "TENANT_SEQUENCE"
  /** A link to the previous event of the stream or the tenant does not lead there. */
  | "LINK"
  /** A content is not what its event names. */
  | "CONTENT"
  /** What is kept for a caller's retries leads nowhere, or to somebody else's action. */
  | "BOOKMARK"
  /** A vote is not signed by a key of `approval`. */
  | "VOTE"
  /** A consumer has handled more than there is. */
  | "CONSUMER"
  /** JetStream holds something else than the log. */
  | "COPY"
  /** A projection is not what the log says. */
  | "PROJECTION"
  /** What was sealed does not fit: the entry, a tile, a checkpoint, or what is kept outside of the database. */
  | "SEALED_ROW"
  | "TILE"
  | "CHECKPOINT"
  | "ANCHOR"
  /** A witness has seen another log. */
  | "WITNESS";

/** How far a step is; `total` is absent where it is not known. */
export type StepProgress = { readonly step: string; readonly done: number; readonly total?: number };

/** What a check says while it runs. */
export type Finding = { readonly flaw: Flaw } | { readonly progress: StepProgress };

/** Reports every flaw as it is found, however many: whoever reads sets the pace, so nothing is kept. */
export type Check<Result = void> = AsyncGenerator<Finding, Result, undefined>;
