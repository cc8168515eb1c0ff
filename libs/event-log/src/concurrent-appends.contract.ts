import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { streamKey } from "./batch.ts";
import type { AppendOutcome, AppendRequest, EventLog } from "./event-log.ts";
import { ledgerProblems } from "./ledger-invariants.ts";
import { appendTo, readEverything, stream, withKey } from "./test-requests.ts";

type Step = {
  readonly tenant: number;
  readonly stream: number;
  readonly version: number;
  readonly count: number;
  readonly key: number;
  readonly body: number;
  readonly writer: number;
};

// Few names, versions and keys, so that they meet.
const step: fc.Arbitrary<Step> = fc.record({
  tenant: fc.nat(1),
  stream: fc.nat(2),
  version: fc.nat(3),
  count: fc.integer({ min: 1, max: 3 }),
  key: fc.nat(5),
  body: fc.nat(1),
  writer: fc.nat(7),
});
/** Waves of appends: those of a wave are under way at the same moment. */
const waves = fc.array(fc.array(step, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 });

/** What holds for any mix of appends. `open` gives as many writers of one new ledger as the implementation allows at once. */
export function describeConcurrentAppends(name: string, open: () => Promise<readonly EventLog[]>, numRuns: number): void {
  describe(`${name} under concurrent appends`, { timeout: 120_000 }, () => {
    it("P4: is dense and linked, has every winner once, and answers every key once", async () => {
      await fc.assert(
        fc.asyncProperty(waves, async (plan) => {
          const writers = await open();
          const run = randomUUID();
          const done: { readonly request: AppendRequest; readonly outcome: AppendOutcome }[] = [];
          for (const wave of plan) {
            done.push(
              ...(await Promise.all(
                wave.map(async (one) => {
                  const request = toRequest(one, run);
                  const writer = writers[one.writer % writers.length];
                  if (writer === undefined) throw new Error("no writer");
                  return { request, outcome: await writer.append(request) };
                }),
              )),
            );
          }
          const events = await readEverything(
            writers[0] ??
              (() => {
                throw new Error("no writer");
              })(),
          );
          expect(ledgerProblems(events)).toEqual([]);
          expect(events.map(({ leafHash }) => hex(leafHash)).sort()).toEqual(
            winners(done)
              .flatMap(({ outcome }) => outcome.events.map(({ leafHash }) => hex(leafHash)))
              .sort(),
          );
          expect(versionProblems(done)).toEqual([]);
          expect(keyProblems(done)).toEqual([]);
        }),
        { numRuns },
      );
    });
  });
}

type Done = readonly { readonly request: AppendRequest; readonly outcome: AppendOutcome }[];

function toRequest(one: Step, run: string): AppendRequest {
  const name = stream(`s-${one.stream}`, `${run}-${one.tenant}`);
  return appendTo(name, one.version, { count: one.count, ...(one.key < 3 ? withKey(`key-${one.key}`, `body-${one.body}`) : {}) });
}

function winners(done: Done) {
  return done.flatMap(({ request, outcome }) => (outcome.outcome === "appended" ? [{ request, outcome }] : []));
}

/** One winner per stream and version, at the version that it expected; a conflict names another version than the expected one. */
function versionProblems(done: Done): string[] {
  const problems: string[] = [];
  const taken = new Set<string>();
  for (const { request, outcome } of done) {
    const at = `${streamKey(request.stream)}@${request.expectedVersion}`;
    if (outcome.outcome === "conflict" && outcome.actualVersion === request.expectedVersion) problems.push(`${at}: conflict without one`);
    if (outcome.outcome !== "appended") continue;
    if (taken.has(at)) problems.push(`${at}: two winners`);
    taken.add(at);
    if (outcome.events[0]?.streamVersion !== request.expectedVersion + 1 || outcome.events.length !== request.events.length)
      problems.push(`${at}: not as asked`);
  }
  return problems;
}

/** At most one winner per key, and every repetition is told what the winner left. */
function keyProblems(done: Done): string[] {
  const problems: string[] = [];
  const won = new Map<string, AppendRequest>();
  const keyOf = ({ stream: { tenant }, idempotency }: AppendRequest) =>
    idempotency === undefined ? undefined : `${tenant} ${idempotency.key}`;
  for (const { request } of winners(done)) {
    const key = keyOf(request);
    if (key !== undefined && won.has(key)) problems.push(`${key}: two winners`);
    if (key !== undefined) won.set(key, request);
  }
  for (const { request, outcome } of done) {
    const winner = won.get(keyOf(request) ?? "")?.idempotency;
    if (outcome.outcome === "replayed" && (winner === undefined || hex(outcome.reply) !== hex(winner.reply)))
      problems.push(`${keyOf(request)}: wrong replay`);
    if (outcome.outcome === "key_reused") problems.push(`${keyOf(request)}: no other ledger`);
  }
  return problems;
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
