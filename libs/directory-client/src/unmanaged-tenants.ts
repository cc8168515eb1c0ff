/** What the directory says of a tenant that our own setting does not name. */
export type Hearsay = "managed" | "unmanaged";

/** An answer counts for so long. */
const KEPT_MS = 60_000;

/** Asks about each tenant once a minute, however many want to know. A question that failed is asked again by the next one. */
export function rememberTenants(
  ask: (tenant: string) => Promise<Hearsay>,
  monotonicMs: () => number,
): (tenant: string) => Promise<Hearsay> {
  const known = new Map<string, { readonly heard: Hearsay; readonly untilMs: number }>();
  const asking = new Map<string, Promise<Hearsay>>();
  const hear = async (tenant: string): Promise<Hearsay> => {
    try {
      const heard = await ask(tenant);
      known.set(tenant, { heard, untilMs: monotonicMs() + KEPT_MS });
      return heard;
    } finally {
      asking.delete(tenant);
    }
  };
  return (tenant) => {
    const last = known.get(tenant);
    if (last !== undefined && monotonicMs() < last.untilMs) return Promise.resolve(last.heard);
    const running = asking.get(tenant) ?? hear(tenant);
    asking.set(tenant, running);
    return running;
  };
}
