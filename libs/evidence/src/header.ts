import { EvidenceError } from "./error.ts";

/** What an archive is about: its first member. */
export type ArchiveHeader = {
  readonly tenant: string;
  readonly ledger: string;
  /** Milliseconds since 1970, inclusive; undefined: from the tenant's first event. */
  readonly from: number | undefined;
  /** Milliseconds since 1970, exclusive. */
  readonly to: number;
  /** Tenant sequence of the period's first event; of the one that would be, if the period has none. */
  readonly firstSequence: number;
  /** Tenant sequence of its last one; `firstSequence - 1` if the period has none. */
  readonly lastSequence: number;
};

const FORMAT = "countersign-evidence/v1";

/** One line of JSON, members in this order: equal archives have equal bytes. */
export function formatHeader({ tenant, ledger, from, to, firstSequence, lastSequence }: ArchiveHeader): Buffer {
  const header = {
    format: FORMAT,
    tenant,
    ledger,
    from: from === undefined ? null : new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    first_sequence: firstSequence,
    last_sequence: lastSequence,
  };
  return Buffer.from(`${JSON.stringify(header)}\n`);
}

/**
 * Reads the one spelling that `formatHeader` writes.
 * @throws EvidenceError `archive_malformed`
 */
export function parseHeader(bytes: Uint8Array): ArchiveHeader {
  const members = readObject(bytes);
  const { format, tenant, ledger, from, to, first_sequence: firstSequence, last_sequence: lastSequence } = members;
  if (format !== FORMAT) throw malformed(`its format is not ${FORMAT}`);
  if (typeof tenant !== "string" || typeof ledger !== "string" || tenant === "") throw malformed("it names no tenant or ledger");
  if (!isCount(firstSequence) || !isCount(lastSequence) || firstSequence < 1 || lastSequence < firstSequence - 1) {
    throw malformed("it names no range of tenant sequences");
  }
  const header = { tenant, ledger, from: from === null ? undefined : time(from), to: time(to), firstSequence, lastSequence };
  if (!formatHeader(header).equals(bytes)) throw malformed("it is not written the one way it can be");
  return header;
}

type Members = Readonly<Partial<Record<"format" | "tenant" | "ledger" | "from" | "to" | "first_sequence" | "last_sequence", unknown>>>;

function readObject(bytes: Uint8Array): Members {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (typeof parsed === "object" && parsed !== null) return parsed;
  } catch (cause) {
    throw malformed("it is not JSON", { cause });
  }
  throw malformed("it is not a JSON object");
}

function time(value: unknown): number {
  const parsed = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(parsed)) throw malformed("a time is not one");
  return parsed;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value);
const malformed = (what: string, options?: ErrorOptions): EvidenceError =>
  new EvidenceError("archive_malformed", `archive.json: ${what}`, options);
