import type { Logger } from "@countersign/telemetry";
import { z } from "zod";
import { PAGER_DUTY } from "../../domain/profile.ts";
import type { OnCallName, OnCallNow, OnCallSource } from "../../usecases/ports.ts";

export type PagerDutyOptions = {
  /** `https://api.pagerduty.com`, or that of another region. */
  readonly url: string;
  readonly token: string;
  /** The account's name there: `acme` of acme.pagerduty.com. People are linked as `pagerduty`, this, and their id. */
  readonly subdomain: string;
  /** Schedule ids there, by what policies call them. */
  readonly schedules: ReadonlyMap<string, string>;
  /** How long an answer is good. */
  readonly cacheMs: number;
  readonly timeoutMs: number;
  readonly logger: Logger;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicMs: () => number;
};

const reference = z.looseObject({ id: z.string().min(1) });
const time = z.iso
  .datetime({ offset: true })
  .transform((text) => Date.parse(text))
  .nullable();
const page = z.looseObject({
  oncalls: z.array(z.looseObject({ user: reference, schedule: reference.nullable(), start: time, end: time })).max(1000),
  more: z.boolean().nullish(),
});
type Shift = z.output<typeof page>["oncalls"][number];

/** A window of shifts, and how long it may be used. */
type Known = { readonly shifts: readonly Shift[] | undefined; readonly fromMs: number; readonly toMs: number; readonly goodUntil: number };

const PAGE = 100;
const MAX_PAGES = 10;
const MAX_BODY_BYTES = 4 * 1024 * 1024;
/** After a failure PagerDuty is left alone for a moment: each vote would wait for it otherwise. */
const FAILURE_MS = 5000;

/**
 * Who is on call by PagerDuty's REST API v2 (`GET /oncalls`). An answer is used for a while; without one nobody is on call, and the schedules are
 * said to be unknown.
 */
export function pagerDutySchedules(options: PagerDutyOptions): OnCallSource {
  const { schedules, cacheMs, logger, monotonicMs } = options;
  let known: Known | undefined;
  let asking: Promise<Known> | undefined;
  const ask = async (atMs: number): Promise<Known> => {
    const toMs = atMs + cacheMs;
    try {
      const shifts = await fetchShifts(options, atMs, toMs);
      return { shifts, fromMs: atMs, toMs, goodUntil: monotonicMs() + cacheMs };
    } catch (err) {
      logger.warn({ err }, "PagerDuty does not say who is on call: nobody is, by its schedules");
      return { shifts: undefined, fromMs: atMs, toMs, goodUntil: monotonicMs() + Math.min(FAILURE_MS, cacheMs) };
    }
  };
  const isGood = (one: Known, atMs: number): boolean => monotonicMs() < one.goodUntil && one.fromMs <= atMs && atMs < one.toMs;
  return {
    at: async (atMs) => {
      if (known !== undefined && isGood(known, atMs)) return onCallNow(known, schedules, options.subdomain, atMs);
      asking ??= ask(atMs).finally(() => {
        asking = undefined;
      });
      const answer = await asking;
      known = answer;
      // Somebody else's question may have been about another time.
      return onCallNow(isGood(answer, atMs) ? answer : await ask(atMs), schedules, options.subdomain, atMs);
    },
  };
}

function onCallNow({ shifts }: Known, schedules: ReadonlyMap<string, string>, workspace: string, atMs: number): OnCallNow {
  if (shifts === undefined) return { shifts: new Map(), unknown: [...schedules.keys()] };
  const during = shifts.filter(({ start, end }) => (start === null || start <= atMs) && (end === null || atMs < end));
  const namesOf = (scheduleId: string): readonly OnCallName[] =>
    during
      .filter(({ schedule }) => schedule?.id === scheduleId)
      .map(({ user }) => ({ account: { channel: PAGER_DUTY, workspace, id: user.id } }));
  return { shifts: new Map([...schedules].map(([name, id]) => [name, namesOf(id)] as const)), unknown: [] };
}

async function fetchShifts(
  { url, token, schedules, timeoutMs }: PagerDutyOptions,
  fromMs: number,
  toMs: number,
): Promise<readonly Shift[]> {
  // One deadline for all pages: whoever asks waits for all of them.
  const signal = AbortSignal.timeout(timeoutMs);
  const shifts: Shift[] = [];
  for (let index = 0; index < MAX_PAGES; index++) {
    const query = new URLSearchParams([
      ...[...new Set(schedules.values())].map((id): [string, string] => ["schedule_ids[]", id]),
      ["since", new Date(fromMs).toISOString()],
      ["until", new Date(toMs).toISOString()],
      ["limit", String(PAGE)],
      ["offset", String(index * PAGE)],
    ]);
    const response = await fetch(`${url}/oncalls?${query.toString()}`, {
      headers: { authorization: `Token token=${token}`, accept: "application/vnd.pagerduty+json;version=2" },
      redirect: "error",
      signal,
    });
    if (!response.ok) throw new Error(`PagerDuty answered ${response.status}`);
    const { oncalls, more } = page.parse(JSON.parse(await textOf(response)));
    shifts.push(...oncalls);
    if (more !== true) return shifts;
  }
  throw new Error(`PagerDuty has more than ${PAGE * MAX_PAGES} shifts for these schedules`);
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Error("PagerDuty's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
