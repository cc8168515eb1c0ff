/** Urgent: a person has decided, or a grant is in hand. */
export type Urgency = "urgent" | "normal";

export type Applicant = { readonly tenant: string; readonly urgency: Urgency; /** When it came. */ readonly since: number };

export type LineSettings = {
  /** All together; one more costs the tenant with the most of them its newest. */
  readonly maxWaiting: number;
  /** The longest that a call waits. */
  readonly patienceMs: number;
  /** A line stands when it has not been empty for so long while its tenant had its share of the places: it will not go away, so waiting only makes answers old. */
  readonly standsMs: number;
  /** How long a call waits in a line that stands. */
  readonly hurryMs: number;
};

type Tenant<Call> = {
  readonly name: string;
  readonly urgent: Call[];
  readonly normal: Call[];
  working: number;
  servedAt: number;
  standingSince: number;
};

/**
 * Who is next when more want in than there are places. Each tenant has a line of its own: whoever has fewest calls under way is next, so a tenant gets its share however many
 * calls another one sends, and may have all places while nobody else wants one. Within a tenant urgent calls go first, and also before other tenants' normal ones as long as their
 * tenant has less than its share: votes cannot be a way around fairness. Lines that stand are kept short by age (FQ-CoDel, RFC 8290, in the form of B. Maurer, "Fail at Scale", ACM Queue 13-8).
 * A tenant that has less than its share does not make the crowd, it is next: while everything pauses, its few calls wait on.
 */
export class FairLine<Call extends Applicant> {
  readonly #settings: LineSettings;
  readonly #tenants = new Map<string, Tenant<Call>>();
  #waiting = 0;
  #working = 0;
  #turn = 0;

  constructor(settings: LineSettings) {
    this.#settings = settings;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get working(): number {
    return this.#working;
  }

  /** Lines up. Returns the call that has to go for it, which may be itself. */
  join(call: Call): Call | undefined {
    const tenant = this.#tenants.get(call.tenant) ?? this.#open(call.tenant);
    if (lengthOf(tenant) === 0) tenant.standingSince = call.since;
    tenant[call.urgency].push(call);
    this.#waiting += 1;
    return this.#waiting > this.#settings.maxWaiting ? this.#dropNewest() : undefined;
  }

  /** The next call to work on, if one of so many places is free. It has the place until `done`. */
  next(places: number): Call | undefined {
    if (this.#working >= places) return undefined;
    const share = places / this.#tenants.size;
    let best: Tenant<Call> | undefined;
    for (const tenant of this.#tenants.values()) {
      if (lengthOf(tenant) > 0 && (best === undefined || isBefore(tenant, best, share))) best = tenant;
    }
    if (best === undefined) return undefined;
    const call = best.urgent.shift() ?? best.normal.shift();
    if (call === undefined) return undefined;
    this.#turn += 1;
    best.servedAt = this.#turn;
    best.working += 1;
    this.#waiting -= 1;
    this.#working += 1;
    return call;
  }

  /** The call gives its place back. */
  done({ tenant: name }: Call): void {
    const tenant = this.#tenants.get(name);
    if (tenant === undefined || tenant.working === 0) throw new Error(`no call of ${name} is under way`);
    tenant.working -= 1;
    this.#working -= 1;
    this.#forget(tenant);
  }

  /** Takes a call out whose caller is gone. False: it does not wait here. */
  leave(call: Call): boolean {
    const tenant = this.#tenants.get(call.tenant);
    const line = tenant?.[call.urgency];
    const at = line?.indexOf(call) ?? -1;
    if (tenant === undefined || at < 0) return false;
    line?.splice(at, 1);
    this.#waiting -= 1;
    this.#forget(tenant);
    return true;
  }

  /** Takes out those that have waited too long for one of so many places. */
  expire(now: number, places: number): readonly Call[] {
    const { patienceMs, standsMs, hurryMs } = this.#settings;
    const share = places / this.#tenants.size;
    const expired: Call[] = [];
    for (const tenant of this.#tenants.values()) {
      const stands = tenant.working >= share && now - tenant.standingSince > standsMs;
      const patience = stands ? Math.min(hurryMs, patienceMs) : patienceMs;
      for (const line of [tenant.urgent, tenant.normal]) {
        const young = line.findIndex(({ since }) => now - since <= patience);
        expired.push(...line.splice(0, young < 0 ? line.length : young));
      }
      this.#forget(tenant);
    }
    this.#waiting -= expired.length;
    return expired;
  }

  #open(name: string): Tenant<Call> {
    const tenant: Tenant<Call> = { name, urgent: [], normal: [], working: 0, servedAt: 0, standingSince: 0 };
    this.#tenants.set(name, tenant);
    return tenant;
  }

  #dropNewest(): Call | undefined {
    let longest: Tenant<Call> | undefined;
    for (const tenant of this.#tenants.values()) {
      if (longest === undefined || lengthOf(tenant) > lengthOf(longest)) longest = tenant;
    }
    const dropped = longest?.normal.pop() ?? longest?.urgent.pop();
    this.#waiting -= 1;
    if (longest !== undefined) this.#forget(longest);
    return dropped;
  }

  #forget(tenant: Tenant<Call>): void {
    if (tenant.working === 0 && lengthOf(tenant) === 0) this.#tenants.delete(tenant.name);
  }
}

function lengthOf({ urgent, normal }: { readonly urgent: readonly unknown[]; readonly normal: readonly unknown[] }): number {
  return urgent.length + normal.length;
}

/** Below its share first; of these, who has something urgent; then who has least under way; then who was served longest ago. */
function isBefore<Call>(a: Tenant<Call>, b: Tenant<Call>, share: number): boolean {
  const above = Number(a.working >= share) - Number(b.working >= share);
  if (above !== 0) return above < 0;
  const urgent = Number(b.urgent.length > 0) - Number(a.urgent.length > 0);
  if (urgent !== 0 && a.working < share) return urgent < 0;
  return a.working === b.working ? a.servedAt < b.servedAt : a.working < b.working;
}
