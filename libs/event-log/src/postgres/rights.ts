import { serviceRole, SERVICE_ROLE, type ServiceName } from "@countersign/database";

/** One writer of one stream type: only this service's role can append to such streams. A type that is not listed has no writer. */
export const STREAM_WRITERS: Readonly<Record<string, ServiceName>> = {
  action: "approval",
  refusal: "approval",
  policy: "policy",
  directory: "directory",
  operations: "audit",
  ledger: "audit",
  export: "audit",
};

/** Entries say who, what and when, in hashes and ids; whoever appends must see every tenant's last one. What people typed is content, and is not in them. */
const READERS = ["approval", "audit", "directory", "notifier", "policy"] as const satisfies readonly ServiceName[];

/**
 * What each service's role may do in the log. `countersign_service`, the role of all services in one process, may do what any of them may; row
 * security compares one column with a constant, for each row that is written.
 */
export const RIGHTS = [
  grantTo([...READERS, "gateway"], "usage on schema event_log"),
  grantTo(READERS, "select on event_log.ledger_head, event_log.event"),
  grantTo(writers(), "insert (ledger), update (next_position) on event_log.ledger_head"),
  grantTo(writers(), "insert on event_log.event"),
  grantTo(writers(), "select, insert on event_log.content"),
  grantTo(writers(), "select on event_log.idempotency"),
  grantTo(["approval"], "insert on event_log.idempotency"),

  "alter table event_log.event enable row level security",
  `create policy reading on event_log.event for select to ${rolesOf(READERS)}, ${SERVICE_ROLE} using (true)`,
  `create policy all_services on event_log.event for insert to ${SERVICE_ROLE} with check (true)`,
  ...writers().map(
    (service) => `create policy ${service} on event_log.event for insert to ${serviceRole(service)} with check (${isWrittenBy(service)})`,
  ),

  "alter table event_log.content enable row level security",
  `create policy all_services on event_log.content to ${SERVICE_ROLE} using (true) with check (true)`,
  "create policy erasing on event_log.content to countersign_eraser using (true)",
  `create policy auditing on event_log.content for select to ${serviceRole("audit")} using (true)`,
  ...writers().map((service) => `create policy ${service} on event_log.content to ${serviceRole(service)} using (${isWrittenBy(service)})`),

  // Only approval promises one answer per key; the others' appends look for theirs and find none.
  "alter table event_log.idempotency enable row level security",
  `create policy all_services on event_log.idempotency to ${SERVICE_ROLE}, ${serviceRole("approval")} using (true) with check (true)`,
  `create policy auditing on event_log.idempotency for select to ${serviceRole("audit")} using (true)`,
].join(";\n");

function writers(): readonly ServiceName[] {
  return [...new Set(Object.values(STREAM_WRITERS))];
}

function isWrittenBy(service: ServiceName): string {
  const types = Object.keys(STREAM_WRITERS).filter((type) => STREAM_WRITERS[type] === service);
  return types.map((type) => `stream_type = '${type}'`).join(" or ");
}

function grantTo(services: readonly ServiceName[], rights: string): string {
  return `grant ${rights} to ${rolesOf(services)}`;
}

function rolesOf(services: readonly ServiceName[]): string {
  return services.map(serviceRole).join(", ");
}
