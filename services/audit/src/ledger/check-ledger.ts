import { appendLeaf, EMPTY_RANGE, rootHash } from "@countersign/tlog";
import { checkRow, checkStreamRow, emptyHeads, missingPositions, type CheckedRow, type EventFields, type StreamHead } from "./check-row.ts";
import type { Check } from "./flaws.ts";

/** The ledger as it is stored, columns and all, unchecked. */
export type LedgerRows = {
  /** The position that the next event will get. */
  head(): Promise<number>;
  /** Rows at `from` or later but before `below`, in order. */
  read(from: number, below: number): Promise<readonly CheckedRow[]>;
  /** Rows stream by stream, each in order of its versions, after the one given. */
  readStreams(after: EventFields | undefined, limit: number): Promise<readonly CheckedRow[]>;
  /** The first position there is at `from` or later but before `below`. */
  findNext(from: number, below: number): Promise<number | undefined>;
};

export type CheckedLedger = { readonly events: number; readonly rootHash: Uint8Array };

/** Small enough that other work of the process gets its turn every few milliseconds. */
const PAGE = 400;

/** Reads the ledger up to its present head and reports every flaw. The root is that of the entries as they are, also when they are flawed. */
export async function* checkLedger(rows: LedgerRows): Check<CheckedLedger> {
  const head = await rows.head();
  const heads = emptyHeads();
  let tree = EMPTY_RANGE;
  // Windows of positions and not a number of rows: however the planner sees the table, it cannot read it to the end for each page.
  for (let from: number | undefined = 0; from !== undefined && from < head;) {
    const below: number = Math.min(from + PAGE, head);
    const page = await rows.read(from, below);
    for (const row of page) {
      for (const flaw of checkRow(heads, row)) yield { flaw };
      tree = appendLeaf(tree, Buffer.from(row.leaf, "latin1"));
    }
    yield { progress: { step: "positions", done: below, total: head } };
    // A hole, or a head that was moved far ahead, must not be walked through step by step.
    from = page.length > 0 ? below : await rows.findNext(below, head);
  }
  // The tail may have been cut off: the head row still says how long the ledger was.
  const missing = missingPositions(heads, head);
  if (missing !== undefined) yield { flaw: missing };
  yield* checkBeyond(rows, head);
  yield* checkStreams(rows, head);
  return { events: tree.size, rootHash: rootHash(tree) };
}

/** What lies behind the end: the head is read after the row, so an append meanwhile cannot look like it. */
async function* checkBeyond(rows: LedgerRows, head: number): Check {
  for (let from = head; ;) {
    const next = await rows.findNext(from, Number.MAX_SAFE_INTEGER);
    if (next === undefined) return;
    const now = await rows.head();
    if (next < now) {
      from = now;
      continue;
    }
    yield { flaw: { position: next, kind: "BEYOND_HEAD", detail: "there is an event behind the end of the ledger" } };
    from = next + 1;
  }
}

/** A second reading in the order of streams: memory does not grow with their number. */
async function* checkStreams(rows: LedgerRows, total: number): Check {
  let last: CheckedRow | undefined;
  let head: StreamHead | undefined;
  for (let done = 0; ;) {
    const page = await rows.readStreams(last?.columns, PAGE);
    for (const row of page) {
      const checked = checkStreamRow(head, row);
      head = checked.head;
      for (const flaw of checked.flaws) yield { flaw };
    }
    last = page.at(-1);
    done += page.length;
    yield { progress: { step: "streams", done, total: Math.max(done, total) } };
    if (page.length < PAGE) return;
  }
}
