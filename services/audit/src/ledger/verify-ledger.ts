import { appendLeaf, EMPTY_RANGE, rootHash } from "@countersign/tlog";
import { checkRow, emptyHeads, missingPositions, type CheckedRow } from "./check-row.ts";
import type { FlawList } from "./flaws.ts";

/** The ledger as it is stored, columns and all, unchecked. */
export type LedgerRows = {
  /** The position that the next event will get. */
  head(): Promise<number>;
  /** Rows at `from` or later but before `below`, in order; at most `limit`. */
  read(from: number, below: number, limit: number): Promise<readonly CheckedRow[]>;
};

export type VerifiedLedger = { readonly events: number; readonly rootHash: Uint8Array };

const PAGE = 1000;

/** Reads the ledger up to its present head and reports every flaw. The root is that of the entries as they are, also when they are flawed. */
export async function verifyLedger(rows: LedgerRows, flaws: FlawList): Promise<VerifiedLedger> {
  const head = await rows.head();
  const heads = emptyHeads();
  let tree = EMPTY_RANGE;
  for (;;) {
    const page = await rows.read(heads.nextPosition, head, PAGE);
    for (const row of page) {
      for (const flaw of checkRow(heads, row)) flaws.add(flaw);
      tree = appendLeaf(tree, Buffer.from(row.leaf, "latin1"));
    }
    if (page.length < PAGE) break;
  }
  // The tail may have been cut off: the head row still says how long the ledger was.
  const missing = missingPositions(heads, head);
  if (missing !== undefined) flaws.add(missing);
  return { events: tree.size, rootHash: rootHash(tree) };
}
