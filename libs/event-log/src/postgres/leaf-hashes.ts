import type { Database } from "@countersign/database";
import { isEventCode, type AppendKeys } from "../append-keys.ts";
import { beginningsOf } from "../entry-codec.ts";
import { EventLogError } from "../errors.ts";
import { scanLedger } from "./scan-ledger.ts";

const HASH = 32;
const CODE = 16;

type Range = { readonly from: number; readonly to: number };

/**
 * The leaf hashes of a stretch of a ledger, in order, each of an event that a service appended at this place. The entries stay where they are: Postgres hashes them, and what is said here of
 * each is its code and how it begins, a tenth of the work of reading it. Only where that does not do are they read, to say what is wrong.
 * @param range - From `from` up to `to`, exclusive; some thousands at once.
 * @throws EventLogError `corrupt` as `scanLedger` does, `unavailable` when it cannot be read.
 */
export async function readLeafHashes(
  database: Pick<Database, "pool">,
  ledger: string,
  range: Range,
  keys: AppendKeys,
): Promise<readonly Uint8Array[]> {
  const rows = await readRows(database, ledger, range);
  const found = rows === undefined ? undefined : soundHashes(rows, ledger, range, keys);
  if (found !== undefined) return found;
  const hashes: Uint8Array[] = [];
  for await (const events of scanLedger(database, ledger, range, keys)) hashes.push(...events.map(({ leafHash }) => leafHash));
  return hashes;
}

/** One behind the other. */
type Rows = { readonly count: number; readonly hashes: Buffer; readonly codes: Buffer; readonly beginnings: Buffer };

/** Nothing when the hash of one is not that of its entry, or there are none. */
async function readRows({ pool }: Pick<Database, "pool">, ledger: string, { from, to }: Range): Promise<Rows | undefined> {
  const values = [ledger, from, to, beginningsOf(ledger)(to).length];
  const { rows } = await pool
    .query<Rows & { hashed: boolean | null }>({ name: "event_log_leaf_hashes", text: QUERY, values })
    .catch((error: unknown) => {
      throw new EventLogError("unavailable", "the event log cannot be read", { cause: error });
    });
  return rows[0]?.hashed === true ? rows[0] : undefined;
}

function soundHashes(rows: Rows, ledger: string, { from, to }: Range, keys: AppendKeys): readonly Uint8Array[] | undefined {
  if (rows.count !== to - from) return undefined;
  const hashes: Uint8Array[] = [];
  const beginningOf = beginningsOf(ledger);
  const width = beginningOf(to).length;
  for (let index = 0; index < rows.count; index += 1) {
    const hash = part(rows.hashes, index, HASH);
    const beginning = beginningOf(from + index);
    const at = index * width;
    if (beginning.compare(rows.beginnings, at, at + beginning.length) !== 0) return undefined;
    if (!isEventCode(keys, hash, part(rows.codes, index, CODE))) return undefined;
    hashes.push(hash);
  }
  return hashes;
}

const part = (bytes: Buffer, index: number, width: number): Buffer => bytes.subarray(index * width, (index + 1) * width);

/** Lengths are looked at, or what one row lacks another could have. */
const QUERY = `
  select count(*)::int as count, string_agg(leaf_hash, ''::bytea) as hashes, string_agg(append_code, ''::bytea) as codes,
    string_agg(beginning, ''::bytea) as beginnings,
    every((leaf_hash = sha256('\\x00'::bytea || entry) and octet_length(append_code) = ${CODE} and octet_length(beginning) = $4::int) is true) as hashed
  from (
    select entry, leaf_hash, append_code, substring(entry for $4::int) as beginning from event_log.event
    where ledger = $1::text and position >= $2::bigint and position < $3::bigint order by position
  ) as e`;
