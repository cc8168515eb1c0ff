import type { EventReader, RecordedEvent } from "./event-log.ts";
import { oneAhead } from "./one-ahead.ts";

/** The log as one tenant's reader sees it. */
export type TenantReader = Pick<EventReader, "readTenant" | "readStream" | "nextPosition">;

/** A stretch of a tenant's events: `first` and `last` are tenant sequences; `last` is `first - 1` when there is none. */
export type Stretch = { readonly first: number; readonly last: number };

/** Clocks of one deployment differ by less: events are looked at this far beyond a time before the border is drawn. */
const CLOCK_SKEW_MS = 300_000;
const PAGE = 1000;

/**
 * The tenant's events of a period: from the first one, in the order of the log, at `from` or later, up to the last one before `to`. What stands between them
 * belongs to it, even if a clock that ran ahead or behind gave it another time.
 */
export async function stretchOf(
  log: TenantReader,
  tenant: string,
  period: {
    readonly from: Date | undefined;
    /** Undefined: up to the newest, whatever time a clock that ran ahead gave it. */
    readonly to: Date | undefined;
    /** Tenant sequence of an event that ends it, whatever its time. */ readonly before: number;
  },
): Promise<Stretch> {
  const from = period.from?.getTime() ?? Number.NEGATIVE_INFINITY;
  const to = period.to?.getTime() ?? Number.POSITIVE_INFINITY;
  const near = (time: number) => (event: RecordedEvent) => event.time.getTime() >= time - CLOCK_SKEW_MS;
  const begin = await findFirst(log, tenant, near(from));
  let first: number | undefined;
  let next = period.before;
  for await (const { time, tenantSequence } of eventsFrom(log, tenant, begin?.position)) {
    if (tenantSequence >= period.before) break;
    next = tenantSequence + 1;
    if (time.getTime() < from) continue;
    first = tenantSequence;
    break;
  }
  if (first === undefined) return { first: next, last: next - 1 };
  const { lastBelow, first: end } = await borderOf(log, tenant, near(to));
  if (end === undefined) return { first, last: Math.min(lastBelow?.tenantSequence ?? 0, period.before - 1) };
  let last = Math.max(first - 1, Math.min(end.tenantSequence, period.before) - 1);
  for await (const { time, tenantSequence } of eventsFrom(log, tenant, end.position)) {
    if (tenantSequence >= period.before || time.getTime() >= to + CLOCK_SKEW_MS) break;
    if (time.getTime() < to && tenantSequence >= first) last = tenantSequence;
  }
  return { first, last };
}

/** The events of a stretch in order, as many at a time as are read at once. */
export async function* pagesOf(log: TenantReader, tenant: string, { first, last }: Stretch): AsyncGenerator<readonly RecordedEvent[]> {
  if (last < first) return;
  const begin = await findFirst(log, tenant, ({ tenantSequence }) => tenantSequence >= first);
  for await (const page of pagesFrom(log, tenant, begin?.position)) {
    const end = page.findIndex(({ tenantSequence }) => tenantSequence > last);
    yield end === -1 ? page : page.slice(0, end);
    if (end !== -1) return;
  }
}

/** The tenant's events from a position on, in order; none without a position. */
async function* eventsFrom(log: TenantReader, tenant: string, position: number | undefined): AsyncGenerator<RecordedEvent> {
  for await (const page of pagesFrom(log, tenant, position)) yield* page;
}

/** The same by pages. */
function pagesFrom(log: TenantReader, tenant: string, position: number | undefined): AsyncGenerator<readonly RecordedEvent[]> {
  return oneAhead(readPages(log, tenant, position));
}

async function* readPages(log: TenantReader, tenant: string, position: number | undefined): AsyncGenerator<readonly RecordedEvent[]> {
  for (let from = position; from !== undefined;) {
    const page = await log.readTenant(tenant, { from, limit: PAGE });
    yield page;
    const last = page.at(-1);
    from = last === undefined || page.length < PAGE ? undefined : last.position + 1;
  }
}

/** The tenant's first event that `reached` holds for; it must hold for all behind it, too. */
async function findFirst(
  log: TenantReader,
  tenant: string,
  reached: (event: RecordedEvent) => boolean,
): Promise<RecordedEvent | undefined> {
  return (await borderOf(log, tenant, reached)).first;
}

type Border = { readonly lastBelow: RecordedEvent | undefined; readonly first: RecordedEvent | undefined };

/** The same with the event before it, which is the tenant's last where there is no first. A search over positions, some thirty reads of one event each. */
async function borderOf(log: TenantReader, tenant: string, reached: (event: RecordedEvent) => boolean): Promise<Border> {
  let low = 0;
  let high = await log.nextPosition();
  let lastBelow: RecordedEvent | undefined;
  let first: RecordedEvent | undefined;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [event] = await log.readTenant(tenant, { from: middle, limit: 1 });
    if (event !== undefined && !reached(event)) {
      lastBelow = event;
      low = event.position + 1;
    } else {
      first = event ?? first;
      high = middle;
    }
  }
  return { lastBelow, first };
}
