import type { ReviewQuota } from "./ports.ts";

/** A count is good for so long. */
const FRESH_MS = 1000;

type Tenant = { counted: number; countedAt: number; opened: number; openedBefore: number };

export type ReviewQuotaParts = {
  limitOf(tenant: string): number;
  /** Reviews that wait for people. May be a moment behind. */
  countPending(tenant: string): Promise<number>;
  readonly monotonicMs: () => number;
};

/**
 * Holds a tenant to so many pending reviews. What was opened here since the last count but one is added, since the count may not have it yet: rather a little too
 * few for a second than too many. Each instance knows its own only, so together they may go over by what they open in that second. A tenant without a limit costs nothing.
 */
export function countedReviewQuota({ limitOf, countPending, monotonicMs }: ReviewQuotaParts): ReviewQuota {
  const tenants = new Map<string, Tenant>();
  const look = async (name: string): Promise<Tenant> => {
    const known = tenants.get(name);
    const now = monotonicMs();
    if (known !== undefined && now - known.countedAt < FRESH_MS) return known;
    const tenant = known ?? { counted: 0, countedAt: now, opened: 0, openedBefore: 0 };
    tenants.set(name, tenant);
    // Others go on with what was known meanwhile; so does everybody when it cannot be counted: the append will tell.
    // What was opened longer ago than a count is good for is in this one.
    tenant.openedBefore = now - tenant.countedAt < 2 * FRESH_MS ? tenant.opened : 0;
    tenant.countedAt = now;
    tenant.opened = 0;
    tenant.counted = await countPending(name).catch(() => tenant.counted);
    return tenant;
  };
  return {
    take: async (name) => {
      const limit = limitOf(name);
      if (limit === Infinity) return true;
      const tenant = await look(name);
      if (tenant.counted + tenant.openedBefore + tenant.opened >= limit) return false;
      tenant.opened += 1;
      return true;
    },
  };
}

/** For those who hold nobody to anything. */
export const noReviewQuota: ReviewQuota = { take: () => Promise.resolve(true) };
