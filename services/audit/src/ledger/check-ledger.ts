import { appendLeaves, EMPTY_RANGE, rootHash } from "@countersign/tlog";
import { checkRow, checkStreamRow, emptyHeads, missingPositions, type CheckedRow, type StreamRow } from "./check-row.ts";
import type { Check } from "./flaws.ts";

/** The ledger as it is stored, columns and all, unchecked. Pages are small enough that other work of the process gets its turn. */
export type LedgerRows = {
  /** The position that the next event will get. */
  head(): Promise<number>;
  /** Rows at `from` or later but before `below`, in order of their positions. */
  read(from: number, below: number): AsyncIterable<readonly CheckedRow[]>;
  /** All rows stream by stream, each in order of its versions. */
  readStreams(): AsyncIterable<readonly StreamRow[]>;
  /** The first position there is at `from` or later. */
  findNext(from: number): Promise<number | undefined>;
};

export type CheckedLedger = { readonly events: number; readonly rootHash: Uint8Array };

/** Reads the ledger up to its present head and reports every flaw. The root is that of the entries as they are, also when they are flawed. */
export async function* checkLedger(rows: LedgerRows): Check<CheckedLedger> {
  const head = await rows.head();
  yield* checkBefore(rows);
  const heads = emptyHeads();
  let tree = EMPTY_RANGE;
  for await (const page of rows.read(0, head)) {
    for (const row of page) for (const flaw of checkRow(heads, row)) yield { flaw };
    tree = appendLeaves(
      tree,
      page.map(({ leaf }) => Buffer.from(leaf, "latin1")),
    );
    yield { progress: { step: "positions", done: heads.nextPosition, total: head } };
  }
  // The tail may have been cut off: the head row still says how long the ledger was.
  const missing = missingPositions(heads, head);
  if (missing !== undefined) yield { flaw: missing };
  yield* checkBeyond(rows, head);
  yield* checkStreams(rows, head);
  return { events: tree.size, rootHash: rootHash(tree) };
}

/** A row at a negative position is read as its stream's and tenant's, and by nobody who reads the ledger in order. */
async function* checkBefore(rows: LedgerRows): Check {
  let from = Number.MIN_SAFE_INTEGER;
  for (let next = await rows.findNext(from); next !== undefined && next < 0; next = await rows.findNext(from)) {
    yield { flaw: { position: next, kind: "BEFORE_BEGINNING", detail: "there is an event before the beginning of the ledger" } };
    from = next + 1;
  }
}

/** What lies behind the end: the head is read after the row, so an append meanwhile cannot look like it. */
async function* checkBeyond(rows: LedgerRows, head: number): Check {
  for (let from = head; ;) {
    const next = await rows.findNext(from);
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
  let last: StreamRow | undefined;
  let done = 0;
  for await (const page of rows.readStreams()) {
    for (const row of page) {
      for (const flaw of checkStreamRow(last, row)) yield { flaw };
      last = row;
    }
    done += page.length;
    yield { progress: { step: "streams", done, total: Math.max(done, total) } };
  }
}
