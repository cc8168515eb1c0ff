import { CommandError, type EventFeed } from "@countersign/bus";
import type { RecordedEvent } from "@countersign/event-log";
import { Watch } from "./watch.ts";

export type ChangesLimits = {
  /** Watches per process. */
  readonly maxWatches: number;
  /** Watches per tenant, so that one cannot take all. */
  maxWatchesOf(tenant: string): number;
  /** How long a tenant's subscription outlives its last watch. */
  readonly lingerMs: number;
};

type Tenant = {
  readonly unsubscribe: () => void;
  readonly watches: Map<string, Set<Watch>>;
  count: number;
  linger: NodeJS.Timeout | undefined;
};

/** Events of the whole tenant, beside the keys of single actions. */
const ALL_EVENTS = "";

/** Who waits for what: one feed subscription per tenant, and an index from action to watches. */
export class Changes {
  readonly #feed: EventFeed;
  readonly #limits: ChangesLimits;
  readonly #tenants = new Map<string, Tenant>();
  #count = 0;

  constructor(feed: EventFeed, limits: ChangesLimits) {
    this.#feed = feed;
    this.#limits = limits;
  }

  /** Counts the action's version. @throws CommandError OVERLOADED or WATCH_QUOTA. */
  watchAction(tenant: string, actionId: string): Watch {
    return this.#open(tenant, actionId);
  }

  /** Counts the position after the tenant's last event. @throws CommandError OVERLOADED or WATCH_QUOTA. */
  watchEvents(tenant: string): Watch {
    return this.#open(tenant, ALL_EVENTS);
  }

  close(): void {
    for (const [name, tenant] of this.#tenants) this.#forget(name, tenant);
  }

  #open(name: string, key: string): Watch {
    const ofTenant = this.#tenants.get(name)?.count ?? 0;
    const reason = this.#count >= this.#limits.maxWatches ? "OVERLOADED" : "WATCH_QUOTA";
    if (reason === "OVERLOADED" || ofTenant >= this.#limits.maxWatchesOf(name)) {
      throw new CommandError("RESOURCE_EXHAUSTED", reason, "Too many calls wait for changes; ask for the state instead, or try later.");
    }
    const tenant = this.#tenants.get(name) ?? this.#subscribe(name);
    clearTimeout(tenant.linger);
    this.#count += 1;
    tenant.count += 1;
    const watches = tenant.watches.get(key) ?? new Set<Watch>();
    tenant.watches.set(key, watches);
    const watch = new Watch(() => {
      if (!watches.delete(watch)) return;
      if (watches.size === 0) tenant.watches.delete(key);
      this.#count -= 1;
      tenant.count -= 1;
      if (tenant.count === 0) tenant.linger = setTimeout(() => this.#forget(name, tenant), this.#limits.lingerMs).unref();
    });
    watches.add(watch);
    return watch;
  }

  #subscribe(name: string): Tenant {
    const watches = new Map<string, Set<Watch>>();
    const unsubscribe = this.#feed.subscribe((event) => tell(watches, event), { tenant: name });
    const tenant: Tenant = { unsubscribe, watches, count: 0, linger: undefined };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #forget(name: string, tenant: Tenant): void {
    clearTimeout(tenant.linger);
    tenant.unsubscribe();
    this.#tenants.delete(name);
  }
}

function tell(watches: ReadonlyMap<string, ReadonlySet<Watch>>, event: RecordedEvent): void {
  if (event.stream.type === "action") {
    for (const watch of watches.get(event.stream.id) ?? []) watch.hear(event.streamVersion, event.traceparent);
  }
  for (const watch of watches.get(ALL_EVENTS) ?? []) watch.hear(event.position + 1);
}
