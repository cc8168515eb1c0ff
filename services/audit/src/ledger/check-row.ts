import type { Flaw, FlawKind } from "./flaws.ts";

/** What an entry and the columns beside it both say. */
export type EventFields = {
  readonly ledger: string;
  readonly position: number;
  readonly tenant: string;
  readonly tenantSequence: number;
  readonly streamType: string;
  readonly streamId: string;
  readonly streamVersion: number;
  /** Hexadecimal. */
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  /** Milliseconds since 1970. */
  readonly time: number;
};

/** A hash as a string of 32 one-byte characters: compares with `===` and takes half the room of hexadecimal. */
export type Hash = string;

export type EntryFields = EventFields & { readonly previousStreamLeaf: Hash; readonly previousTenantLeaf: Hash };

/** A row as the second reading sees it, stream by stream. */
export type StreamRow = Pick<EventFields, "position" | "tenant" | "streamType" | "streamId" | "streamVersion"> & {
  /** Recomputed over the entry's bytes. */
  readonly leaf: Hash;
  /** Absent when the bytes are no entry. */
  readonly previousStreamLeaf: Hash | undefined;
};

export type CheckedRow = {
  readonly columns: EventFields;
  readonly storedLeaf: Hash;
  /** Recomputed over the entry's bytes. */
  readonly leaf: Hash;
  /** Whether its append code says that somebody with an append key wrote these bytes. */
  readonly appended: boolean;
  /** Absent when the bytes are no entry. */
  readonly entry: EntryFields | undefined;
};

type Head = { readonly count: number; readonly leaf: Hash };

/** Where the ledger and every tenant stand. */
export type LedgerHeads = { nextPosition: number; readonly tenants: Map<string, Head> };

export function emptyHeads(): LedgerHeads {
  return { nextPosition: 0, tenants: new Map() };
}

/**
 * Checks one row against all before it and moves the heads on. After a flaw it goes on from what the row says, so that every later flaw is
 * one of its own. The entry counts, as it is what is hashed; columns only where it cannot be read.
 */
export function checkRow(heads: LedgerHeads, row: CheckedRow): readonly Flaw[] {
  const flaws: Flaw[] = [];
  const { columns, entry, leaf } = row;
  const flaw = (kind: FlawKind, detail: string): void => void flaws.push({ position: columns.position, kind, detail });

  const missing = missingPositions(heads, columns.position);
  if (missing !== undefined) flaws.push(missing);
  heads.nextPosition = columns.position + 1;

  if (row.storedLeaf !== leaf) flaw("LEAF_HASH", "the stored leaf hash is not the hash of the entry");
  if (!row.appended) flaw("APPEND_CODE", "nobody who has the append key wrote this event");
  if (entry === undefined) flaw("ENTRY", "the entry cannot be decoded");
  else for (const name of differences(columns, entry)) flaw("COLUMN", `column for ${name} differs from the entry`);

  const said = entry ?? columns;
  const before = heads.tenants.get(said.tenant) ?? NOTHING;
  if (said.tenantSequence !== before.count + 1)
    flaw("TENANT_SEQUENCE", `number ${said.tenantSequence} of its tenant follows ${before.count}`);
  if (entry !== undefined && entry.previousTenantLeaf !== before.leaf)
    flaw("LINK", "the link to the previous event of the tenant leads elsewhere");
  heads.tenants.set(said.tenant, { count: said.tenantSequence, leaf });
  return flaws;
}

/**
 * Checks one row against the one before it in its stream: rows come stream by stream, as the columns have it, which is how readers find them. So one
 * row is all that is kept, however many streams there are.
 */
export function checkStreamRow(before: StreamRow | undefined, row: StreamRow): readonly Flaw[] {
  const { position } = row;
  const same = before?.streamId === row.streamId && before.tenant === row.tenant && before.streamType === row.streamType;
  const last = same ? { count: before.streamVersion, leaf: before.leaf } : NOTHING;
  const flaws: Flaw[] = [];
  if (row.streamVersion !== last.count + 1)
    flaws.push({ position, kind: "STREAM_VERSION", detail: `version ${row.streamVersion} of its stream follows ${last.count}` });
  if (row.previousStreamLeaf !== undefined && row.previousStreamLeaf !== last.leaf)
    flaws.push({ position, kind: "LINK", detail: "the link to the previous event of the stream leads elsewhere" });
  return flaws;
}

/** The flaw, if events are missing before `position`. */
export function missingPositions(heads: LedgerHeads, position: number): Flaw | undefined {
  if (position === heads.nextPosition) return undefined;
  const detail = `no events at positions ${heads.nextPosition} to ${position - 1}`;
  return { position: heads.nextPosition, kind: "POSITION_GAP", detail };
}

const NOTHING: Head = { count: 0, leaf: "" };
const NONE: readonly string[] = [];

const FIELDS = [
  "ledger",
  "position",
  "tenant",
  "tenantSequence",
  "streamType",
  "streamId",
  "streamVersion",
  "eventId",
  "type",
  "schemaVersion",
  "time",
] as const satisfies readonly (keyof EventFields)[];

function differences(columns: EventFields, entry: EventFields): readonly string[] {
  return FIELDS.every((name) => columns[name] === entry[name]) ? NONE : FIELDS.filter((name) => columns[name] !== entry[name]);
}
