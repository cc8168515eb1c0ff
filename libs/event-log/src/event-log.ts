/** Names the facts of one aggregate. Streams of two tenants never meet, whatever their ids. */
export type StreamName = {
  readonly tenant: string;
  /** `action`, `policy` or `directory`. */
  readonly type: string;
  readonly id: string;
};

/** Who caused an event; the identity only. */
export type Actor = { readonly issuer: string; readonly id: string };

/** Text or parameters that may be erased later; the entry holds only `digest`. */
export type Content = {
  /** SHA-256(salt || body), 32 bytes. */
  readonly digest: Uint8Array;
  /** 32 random bytes. */
  readonly salt: Uint8Array;
  readonly body: Uint8Array;
};

/** A fact to record. `data` is the serialized payload; the log never looks into it. */
export type NewEvent = {
  readonly type: string;
  readonly schemaVersion: number;
  readonly data: Uint8Array;
};

/** The reply to keep for a caller's retries. */
export type IdempotentReply = {
  /** Who chose the key, for example `issuer|id`. */
  readonly caller: string;
  /** Unique per tenant and caller, for ever. */
  readonly key: string;
  /** What the caller needs to tell its reply again, and to see whether it was the same request. Nothing that could be guessed back: it is for ever. */
  readonly reply: Uint8Array;
};

/** What is kept for a key, and the ledger it was used in. */
export type StoredReply = { readonly ledger: string; readonly reply: Uint8Array };

/** Everything that one command records, in one transaction or not at all. */
export type AppendRequest = {
  readonly stream: StreamName;
  /** Version of the stream that the decision was made on; 0: the stream must not exist. */
  readonly expectedVersion: number;
  readonly events: readonly NewEvent[];
  readonly contents?: readonly Content[];
  /** Contents of this stream that go, with their salts; the events must be `ContentErased` and name them. Those that are gone already are fine. */
  readonly erased?: readonly Uint8Array[];
  readonly actor?: Actor | undefined;
  /** Time of all events, from the command's clock. */
  readonly time: Date;
  readonly traceparent?: string | undefined;
  readonly idempotency?: IdempotentReply | undefined;
};

/** What became of an append. Infrastructure faults are thrown (`EventLogError`), and then nothing is known about the outcome. */
export type AppendOutcome =
  /** Durable. */
  | { readonly outcome: "appended"; readonly events: readonly RecordedEvent[] }
  /** Somebody else appended first: load, decide again. */
  | { readonly outcome: "conflict"; readonly actualVersion: number }
  /** This key was used before: this is what was kept then. Whether the request is the same is for the caller to see. Nothing was appended. */
  | { readonly outcome: "replayed"; readonly reply: Uint8Array }
  /** This key was used in another ledger, where its reply belongs. Nothing was appended. */
  | { readonly outcome: "key_reused" };

/** A fact as it stands in the log. */
export type RecordedEvent = {
  readonly ledger: string;
  /** 0-based leaf index, dense over the ledger, in commit order. Below 2^53. */
  readonly position: number;
  readonly stream: StreamName;
  /** 1-based, dense in its stream. */
  readonly streamVersion: number;
  /** 1-based, dense in its tenant and ledger. */
  readonly tenantSequence: number;
  /** UUIDv7, 16 bytes. */
  readonly eventId: Uint8Array;
  readonly type: string;
  readonly schemaVersion: number;
  readonly time: Date;
  readonly actor: Actor | undefined;
  readonly traceparent: string;
  readonly data: Uint8Array;
  /** The envelope as hashed, byte for byte. */
  readonly entry: Uint8Array;
  /** RFC 6962 leaf hash of `entry`. */
  readonly leafHash: Uint8Array;
};

/** A content by the stream that it belongs to and its digest. */
export type ContentName = { readonly stream: StreamName; readonly digest: Uint8Array };

/** A stretch of the log. */
export type ReadRange = {
  /** First position wanted. */
  readonly from: number;
  /** At most this many events, 1 to 10,000. */
  readonly limit: number;
};

/** The write side of one ledger. */
export type EventAppender = {
  /**
   * Appends durably. Concurrent calls share transactions; a call with a wrong version fails alone.
   * @throws EventLogError when the log cannot be reached or refuses.
   */
  append(request: AppendRequest): Promise<AppendOutcome>;
  /** Calls back in this process with each committed batch, in position order, after the commit. For feeds that can fall back to reading. */
  onCommitted(listener: (events: readonly RecordedEvent[]) => void): () => void;
  /**
   * Calls back when the server that was appended to is lost, when there is one again, and before anything is read of another one than before: a standby that lagged
   * or a backup may not hold what this process remembers of the log, nor what it has read in between.
   */
  onLost?(listener: () => void): () => void;
};

/** The read side of one ledger. */
export type EventReader = {
  /**
   * The stream's events after `afterVersion` (default 0), oldest first: with all that were committed before this call.
   * @throws EventLogError, as all of these: `corrupt` if one of what is wanted is not what was appended, or is missing. Its `before` are the sound ones before that.
   */
  readStream(stream: StreamName, afterVersion?: number): Promise<readonly RecordedEvent[]>;
  /** All tenants' events in position order. What is returned is final: no event appears later at a position before them. */
  readAll(range: ReadRange): Promise<readonly RecordedEvent[]>;
  /** One tenant's events in position order, from a position on. None is missing between the last one before that position and the first. */
  readTenant(tenant: string, range: ReadRange): Promise<readonly RecordedEvent[]>;
  /** The position that the next event will get; equals the number of events. */
  nextPosition(): Promise<number>;
  /** The stream's contents that are not erased, by hex digest; with `digests`, only these. */
  readContents(stream: StreamName, digests?: readonly Uint8Array[]): Promise<ReadonlyMap<string, Content>>;
  /** Contents of many streams in one reading, in the order of the names; undefined for one that is erased or never was. */
  readNamedContents(names: readonly ContentName[]): Promise<readonly (Content | undefined)[]>;
  /** What was kept for this key, in whichever ledger, if it was used. */
  findReply(tenant: string, caller: string, key: string): Promise<StoredReply | undefined>;
};

/** One ledger: an ordered log with its own positions. A deployment may have several. */
export type EventLog = EventAppender & EventReader & { readonly ledger: string };
