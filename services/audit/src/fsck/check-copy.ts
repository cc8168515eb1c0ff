import type { LedgerCopy } from "@countersign/bus";
import type { LedgerRows } from "../ledger/check-ledger.ts";
import type { Check } from "../ledger/flaws.ts";

const PAGE = 400;

/**
 * What JetStream holds is the log, byte for byte, with sequence = position + 1. Events that it does not carry for their size, messages that aged out and a tail that has not arrived are no flaws; one that the
 * log does not have (any more) is.
 */
export async function* checkCopy(
  copy: LedgerCopy,
  rows: LedgerRows,
  entries: (from: number, below: number) => Promise<ReadonlyMap<number, Buffer>>,
): Check {
  const bounds = await copy.bounds();
  if (bounds === undefined) return;
  // Read after the bounds, so that the log cannot be behind by itself.
  const head = await rows.head();
  const last = Math.min(bounds.last, head);
  if (bounds.last > head) {
    const detail = `JetStream holds ${bounds.last - head} events more than the log`;
    yield { flaw: { position: head, kind: "COPY", detail } };
  }
  let expected = bounds.first;
  let page: ReadonlyMap<number, Buffer> = new Map();
  let pageEnd = 0;
  if (expected > last) return;
  const total = last - bounds.first + 1;
  for await (const { sequence, data } of copy.messages(bounds.first, last)) {
    if (sequence > last) break;
    const position = sequence - 1;
    if (sequence !== expected)
      yield { flaw: { position: expected - 1, kind: "COPY", detail: `JetStream lacks ${sequence - expected} events from here on` } };
    expected = sequence + 1;
    if (position >= pageEnd) {
      pageEnd = Math.min(position + PAGE, head);
      page = await entries(position, pageEnd);
      if (sequence > bounds.first) yield { progress: { step: "copy", done: sequence - bounds.first, total } };
    }
    const entry = page.get(position);
    if (entry === undefined || (data !== undefined && !entry.equals(data)))
      yield { flaw: { position, kind: "COPY", detail: "JetStream holds another event than the log" } };
  }
  if (expected <= last)
    yield { flaw: { position: expected - 1, kind: "COPY", detail: `JetStream lacks ${last + 1 - expected} events from here on` } };
  yield { progress: { step: "copy", done: total, total } };
}
