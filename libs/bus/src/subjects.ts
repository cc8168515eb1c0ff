/** What is to become part of a subject could change its meaning (a dot, a wildcard, a blank). Nothing was sent. */
export class UnsafeSubjectError extends Error {
  override readonly name = "UnsafeSubjectError";

  constructor(what: string, token: string) {
    super(`${what} ${JSON.stringify(token.slice(0, 80))} cannot be part of a subject`);
  }
}

/** `<prefix>.evt.<ledger>.<tenant>.<stream-type>.<EventType>`: what the relay publishes an event to. */
export function eventSubject(
  prefix: string,
  ledger: string,
  event: { readonly stream: { readonly tenant: string; readonly type: string }; readonly type: string },
): string {
  return `${eventRoot(prefix, ledger)}.${tenantToken(event.stream.tenant)}.${safe("stream type", event.stream.type)}.${safe("event type", event.type)}`;
}

/** Matches the events of a ledger that the filter lets through. */
export function feedSubject(
  prefix: string,
  ledger: string,
  filter: { readonly tenant?: string; readonly streamType?: string } = {},
): string {
  const tenant = filter.tenant === undefined ? "*" : tenantToken(filter.tenant);
  const type = filter.streamType === undefined ? "*" : safe("stream type", filter.streamType);
  return `${eventRoot(prefix, ledger)}.${tenant}.${type}.*`;
}

/** Every event subject of a ledger: what its JetStream stream stores. */
export function ledgerSubjects(prefix: string, ledger: string): string {
  return `${eventRoot(prefix, ledger)}.>`;
}

/**
 * `<prefix>.cmd.<service>.<method>`; the method may be `*` for those who serve. One instance of a service (`audit-<id>`) is below it
 * (`<prefix>.cmd.audit.<id>.<method>`), where the service's own user may listen and nobody else's.
 */
export function commandSubject(prefix: string, service: string, method: string): string {
  return `${safe("prefix", prefix)}.cmd.${safe("service", service).replace("-", ".")}.${method === "*" ? "*" : safe("method", method)}`;
}

/** `<prefix>.wake.<ledger>`: a process that has appended says so here. */
export function wakeSubject(prefix: string, ledger: string): string {
  return `${safe("prefix", prefix)}.wake.${safe("ledger", ledger)}`;
}

/** Name of the JetStream stream that copies a ledger, for example `CS_EVENTS_MAIN`. */
export function eventStreamName(prefix: string, ledger: string): string {
  return `${safe("prefix", prefix)}_EVENTS_${safe("ledger", ledger)}`.toUpperCase();
}

function eventRoot(prefix: string, ledger: string): string {
  return `${safe("prefix", prefix)}.evt.${safe("ledger", ledger)}`;
}

function tenantToken(tenant: string): string {
  if (!TENANT.test(tenant)) throw new UnsafeSubjectError("tenant", tenant);
  return tenant;
}

function safe(what: string, token: string): string {
  if (!TOKEN.test(token)) throw new UnsafeSubjectError(what, token);
  return token;
}

// No multiline flag: `$` is then the end of the text, so a trailing line feed does not pass.
// No token can name the tenant `_ledger`: what concerns the whole ledger is recorded under it.
const TENANT = /^(?:[a-z0-9][a-z0-9-]{0,62}|_ledger)$/;
const TOKEN = /^[A-Za-z0-9_-]{1,64}$/;
