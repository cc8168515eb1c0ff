import { setTimeout as sleep } from "node:timers/promises";
import type { CountersignClient } from "@countersign/client";
import type { Copied, Fact } from "./read-back.ts";

/** What there is to ask beside the log. */
export type Witnesses = {
  readonly operator: Operator;
  /** What JetStream holds, once its last sequence is at least that. */
  readonly readCopy: (atLeast: number) => Promise<readonly Copied[]>;
  /** Ids of the events that reviewers were told of, in order. */
  readonly told: readonly string[];
  /** How long everything may take to catch up. What a dead notifier had taken on is another one's after 45 s. */
  readonly patienceMs: number;
};

/** What an operator asks. */
export type Operator = Pick<CountersignClient, "fsck" | "rebuild"> & {
  readonly audit: Pick<CountersignClient["audit"], "listDeadLetters">;
};

/** P5: what was made of the log is what the log says, and the ledger has no flaw. Returns what does not agree. */
export async function disagreements(ledger: readonly Fact[], witnesses: Witnesses): Promise<readonly string[]> {
  return [
    ...(await projectionProblems(ledger.length, witnesses)),
    ...(await copyProblems(ledger, witnesses)),
    ...(await untold(ledger, witnesses)),
  ];
}

/** The projections have caught up, a rebuild gives the same bytes, nothing was given up, and the ledger has no flaw. */
async function projectionProblems(length: number, { operator, patienceMs }: Witnesses): Promise<readonly string[]> {
  const end = BigInt(length);
  const problems: string[] = [];
  const caughtUp = await eventually(patienceMs, async () => {
    const { projections, unchecked } = await operator.fsck();
    return unchecked.length === 0 && projections.every(({ position }) => position === end);
  });
  if (!caughtUp) problems.push(`fsck: the projections have not come to ${end}, or something cannot be checked`);
  const { events, flaws, unchecked } = await operator.fsck({ onFlaw: ({ kind, detail }) => void problems.push(`fsck: ${kind} ${detail}`) });
  if (events !== end) problems.push(`fsck: it saw ${events} events of ${end}`);
  if (flaws > 0n) problems.push(`fsck: ${flaws} flaws`);
  problems.push(...unchecked.map((what) => `fsck: not checked: ${what}`));
  for (const { name, identical, rebuilt } of await operator.rebuild()) {
    if (!identical) problems.push(`P5: the projection ${name} is another one when it is rebuilt`);
    if (rebuilt?.position !== end) problems.push(`P5: the projection ${name} was rebuilt up to ${rebuilt?.position}, not to ${end}`);
  }
  const { deadLetters } = await operator.audit.listDeadLetters({});
  problems.push(...deadLetters.map(({ consumer, position }) => `P4: ${consumer} gave up on position ${position}`));
  return problems;
}

/** JetStream holds every position once and in order, at sequence = position + 1, byte for byte. */
async function copyProblems(ledger: readonly Fact[], { readCopy, patienceMs }: Witnesses): Promise<readonly string[]> {
  let copy: readonly Copied[] = [];
  const full = await eventually(patienceMs, async () => (copy = await readCopy(ledger.length)).length === ledger.length);
  if (!full) return [`P4: JetStream holds ${copy.length} of ${ledger.length} events`];
  return copy.flatMap(({ sequence, entry }, index) => {
    const event = ledger[index]?.event;
    const same = sequence === index + 1 && event !== undefined && Buffer.compare(entry, event.entry) === 0;
    return same ? [] : [`P4: JetStream holds something else than position ${index} at sequence ${sequence}`];
  });
}

/** P4: reviewers were told of every review. */
async function untold(ledger: readonly Fact[], { told, patienceMs }: Witnesses): Promise<readonly string[]> {
  const opened = openedReviews(ledger);
  await eventually(patienceMs, () => opened.every(({ id }) => told.includes(id)));
  return opened.filter(({ id }) => !told.includes(id)).map(({ stream }) => `P4: nobody was told of the review of ${stream}`);
}

/** The ids of the events that opened a review, as `webhook-id` has them. */
export function openedReviews(ledger: readonly Fact[]): readonly { readonly id: string; readonly stream: string }[] {
  return ledger.flatMap(({ payload, event }) =>
    payload.type === "ReviewOpened" ? [{ id: uuidOf(event.eventId), stream: event.stream.id }] : [],
  );
}

function uuidOf(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether it holds within the time. An error is one more reason to look again, until the last look. */
async function eventually(patienceMs: number, holds: () => boolean | Promise<boolean>): Promise<boolean> {
  for (const end = performance.now() + patienceMs; ;) {
    const last = performance.now() >= end;
    try {
      if (await holds()) return true;
      if (last) return false;
    } catch (error) {
      if (last) throw error;
    }
    await sleep(200);
  }
}
