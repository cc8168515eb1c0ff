/** Something in an archive that is not as it must be. */
export type Flaw = {
  readonly code: FlawCode;
  /** Position in the log, where the flaw has one. */
  readonly position?: number;
  /** Member of the archive. */
  readonly member?: string;
  /** Byte of the archive. */
  readonly offset?: number;
  readonly detail: string;
};

export type FlawCode =
  /** The container: tar headers, padding, end; unknown, repeated, missing or misplaced members. */
  | "ARCHIVE"
  /** A member is not the one that the manifest lists. */
  | "MANIFEST"
  /** `archive.json` cannot be read. */
  | "HEADER"
  /** The checkpoint cannot be read, or is not signed by the pinned key. */
  | "CHECKPOINT"
  /** The witnesses of the policy have not seen it. */
  | "WITNESS"
  /** Index, entries and subtree hashes do not lead to the checkpoint's root. */
  | "ROOT"
  /** The index is not in order, or does not fit the other parts. */
  | "INDEX"
  /** The bytes cannot be read as an entry. */
  | "ENTRY"
  /** The entry is not the one that the tree holds at this position. */
  | "LEAF_HASH"
  /** The entry is of another ledger, tenant or position, or has no place in this archive. */
  | "FOREIGN"
  /** Events of the tenant are missing, or are more than there can be. */
  | "TENANT_SEQUENCE"
  /** The link to the tenant's previous event leads elsewhere. */
  | "TENANT_LINK"
  /** Events of a stream are missing, or are more than there can be. */
  | "STREAM_VERSION"
  /** The link to the stream's previous event leads elsewhere. */
  | "STREAM_LINK"
  /** What stands at a border of the period does not belong there. */
  | "PERIOD"
  /** Time ran backwards by more than clocks differ, or something was done after its deadline. */
  | "TIME"
  /** Content is not what the entry names, or has no record. */
  | "CONTENT"
  /** The action digest is not that of the input. */
  | "ACTION_DIGEST"
  /** A vote is not signed by one of the keys in the archive, or not as it was cast. */
  | "VOTE_SIGNATURE"
  /** The table is not the one that the entries give. */
  | "CSV"
  /** A policy document is not the one that was published, or a verdict is of a revision that is not in the archive. */
  | "POLICY"
  /** Keys of votes and grants cannot be read. */
  | "GRANT_KEYS";

const LISTED = 1000;

/** Keeps the first thousand and counts all. */
export class FlawList {
  readonly listed: Flaw[] = [];
  count = 0;

  add(flaw: Flaw): void {
    this.count += 1;
    if (this.listed.length < LISTED) this.listed.push(flaw);
  }

  /** Adds those of another list, listed or only counted. */
  addAll(other: Pick<FlawList, "listed" | "count">): void {
    for (const flaw of other.listed) this.add(flaw);
    this.count += other.count - other.listed.length;
  }
}
