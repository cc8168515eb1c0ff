/** What the directory says of a tenant that our own setting does not name; `no_directory`: there is nobody to ask. */
export type Hearsay = "managed" | "unmanaged" | "no_directory";

/** An answer counts for so long, and that nobody listens only while it starts. */
const KEPT_MS: Readonly<Record<Hearsay, number>> = { managed: 60_000, unmanaged: 60_000, no_directory: 1000 };

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
      known.set(tenant, { heard, untilMs: monotonicMs() + KEPT_MS[heard] });
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
