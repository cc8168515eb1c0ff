import { appendLeaf, EMPTY_RANGE, rootHash } from "@countersign/tlog";
import { checkRow, emptyHeads, missingPositions, type CheckedRow } from "./check-row.ts";
import type { FlawList } from "./flaws.ts";

/** The ledger as it is stored, columns and all, unchecked. */
export type LedgerRows = {
  /** The position that the next event will get. */
  head(): Promise<number>;
  /** Rows at `from` or later but before `below`, in order. */
  read(from: number, below: number): Promise<readonly CheckedRow[]>;
  /** The first position there is at `from` or later but before `below`. */
  findNext(from: number, below: number): Promise<number | undefined>;
};

export type VerifiedLedger = { readonly events: number; readonly rootHash: Uint8Array };

/** Small enough that other work of the process gets its turn every few milliseconds. */
const PAGE = 250;

/** Reads the ledger up to its present head and reports every flaw. The root is that of the entries as they are, also when they are flawed. */
export async function verifyLedger(rows: LedgerRows, flaws: FlawList): Promise<VerifiedLedger> {
  const head = await rows.head();
  const heads = emptyHeads();
  let tree = EMPTY_RANGE;
  // Windows of positions and not a number of rows: however the planner sees the table, it cannot read it to the end for each page.
  for (let from: number | undefined = 0; from !== undefined && from < head;) {
    const below: number = Math.min(from + PAGE, head);
    const page = await rows.read(from, below);
    for (const row of page) {
      for (const flaw of checkRow(heads, row)) flaws.add(flaw);
      tree = appendLeaf(tree, Buffer.from(row.leaf, "latin1"));
    }
    // A hole, or a head that was moved far ahead, must not be walked through step by step.
    from = page.length > 0 ? below : await rows.findNext(below, head);
  }
  // The tail may have been cut off: the head row still says how long the ledger was.
  const missing = missingPositions(heads, head);
  if (missing !== undefined) flaws.add(missing);
  return { events: tree.size, rootHash: rootHash(tree) };
}
