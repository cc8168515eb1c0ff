import type { Database } from "@countersign/database";
import { leafHash } from "@countersign/tlog";
import { isEventCode, type AppendKeys } from "../append-keys.ts";
import { beginningsOf } from "../entry-codec.ts";
import { storedDecoder } from "../stored-events.ts";
import { scanRows, type LedgerRange, type StoredAt } from "./scan-ledger.ts";

/**
 * The leaf hashes of a stretch of a ledger, in order, each of an event that a service appended at this place. Entries are hashed here, never by Postgres: what is sealed is sealed on nobody's word.
 * Hash, code and how an entry begins say all that reading it would; only where they do not is it read, to say what is wrong.
 * @throws EventLogError as `scanLedger` does.
 */
export async function readLeafHashes(
  database: Pick<Database, "pool">,
  ledger: string,
  range: LedgerRange,
  keys: AppendKeys,
): Promise<readonly Uint8Array[]> {
  const hashes: Uint8Array[] = [];
  for await (const batch of scanRows(database, ledger, range, (from) => leafReader(keys, ledger, from))) hashes.push(...batch);
  return hashes;
}

function leafReader(keys: AppendKeys, ledger: string, from: number): StoredAt<Uint8Array> {
  const beginningOf = beginningsOf(ledger);
  let position = from;
  return (entry, hash, code) => {
    const first = position;
    position += 1;
    const leaf = leafHash(entry);
    const beginning = beginningOf(first);
    const sound = leaf.equals(hash) && entry.subarray(0, beginning.length).equals(beginning) && isEventCode(keys, leaf, code);
    return sound ? leaf : storedDecoder(keys, { ledger, counter: "position", first })(entry, hash, code).leafHash;
  };
}
