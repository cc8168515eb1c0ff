import { serviceRole } from "@countersign/database";
import { STREAM_WRITERS } from "./rights.ts";

/**
 * Whoever writes a stream may erase its contents, and Postgres lets none go that no `ContentErased` of that stream names: what is absent without such
 * an event was taken away with triggers off. Keys of callers keep no hash of what was asked: without a salt it could be guessed back for ever.
 */
export const ERASURE = [
  "alter table event_log.idempotency drop column request_digest, add column ledger text not null default 'main'",
  "alter table event_log.idempotency alter column ledger drop default",
  `grant delete on event_log.content to ${[...new Set(Object.values(STREAM_WRITERS))].map(serviceRole).join(", ")}`,
  `create function event_log.refuse_silent_erasure() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
  begin
    if exists (
      with erasure as materialized (
        select e.ledger, e.tenant, e.stream_type, e.stream_id, e.entry from event_log.event e
        where e.type = 'ContentErased'
          and (e.ledger, e.tenant, e.stream_type, e.stream_id) in (select ledger, tenant, stream_type, stream_id from gone)
      )
      select from gone g where not exists (
        select from erasure e
        where (e.ledger, e.tenant, e.stream_type, e.stream_id) = (g.ledger, g.tenant, g.stream_type, g.stream_id)
          and position(g.digest in e.entry) > 0
      )
    ) then
      raise exception 'content goes only with an event ContentErased that names it' using errcode = 'insufficient_privilege';
    end if;
    return null;
  end $$`,
  `create trigger erased_by_event after delete on event_log.content referencing old table as gone
    for each statement execute function event_log.refuse_silent_erasure()`,
  "alter table event_log.content enable always trigger erased_by_event",
  `create trigger keep_contents before update or truncate on event_log.content
    for each statement execute function event_log.refuse_change()`,
  "alter table event_log.content enable always trigger keep_contents",
].join(";\n");
