import { sqlMigration, type MigrationSet } from "@countersign/database";
import { ERASURE } from "./erasure.ts";
import { RIGHTS } from "./rights.ts";

/** Schema `event_log`. Services append to their own streams and read; nobody changes or removes an event. */
export const eventLogMigrations: MigrationSet = {
  schema: "event_log",
  migrations: {
    "0001_event_log": sqlMigration(`
      create table event_log.ledger_head (
        ledger text primary key,
        next_position bigint not null default 0 check (next_position >= 0)
      ) with (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

      create table event_log.event (
        ledger text not null,
        position bigint not null,
        tenant text not null,
        tenant_sequence bigint not null,
        stream_type text not null,
        stream_id text not null,
        stream_version bigint not null,
        event_id uuid not null,
        type text not null,
        schema_version integer not null,
        time timestamptz not null,
        entry bytea not null check (octet_length(entry) <= 65535),
        leaf_hash bytea not null check (octet_length(leaf_hash) = 32),
        append_code bytea not null check (octet_length(append_code) = 16),
        primary key (ledger, position),
        unique (ledger, tenant, stream_type, stream_id, stream_version),
        unique (ledger, tenant, tenant_sequence)
      );

      create table event_log.content (
        ledger text not null,
        tenant text not null,
        stream_type text not null,
        stream_id text not null,
        digest bytea not null,
        salt bytea not null,
        body bytea not null,
        primary key (ledger, tenant, stream_type, stream_id, digest)
      );

      create table event_log.idempotency (
        tenant text not null,
        caller text not null,
        key text not null,
        request_digest bytea not null,
        reply bytea not null,
        append_code bytea not null check (octet_length(append_code) = 16),
        primary key (tenant, caller, key)
      );

      create function event_log.refuse_change() returns trigger language plpgsql as $$
      begin
        raise exception '% of %.% is refused: the event log is append-only', tg_op, tg_table_schema, tg_table_name
          using errcode = 'insufficient_privilege';
      end $$;
      create trigger append_only before update or delete or truncate on event_log.event
        for each statement execute function event_log.refuse_change();
      alter table event_log.event enable always trigger append_only;
      create trigger keep_heads before delete or truncate on event_log.ledger_head
        for each statement execute function event_log.refuse_change();
      alter table event_log.ledger_head enable always trigger keep_heads;
      create trigger keep_replies before update or delete or truncate on event_log.idempotency
        for each statement execute function event_log.refuse_change();
      alter table event_log.idempotency enable always trigger keep_replies;

      create function event_log.refuse_rewind() returns trigger language plpgsql as $$
      begin
        if new.ledger <> old.ledger or new.next_position <= old.next_position then
          raise exception 'the head of ledger % only moves forward', old.ledger using errcode = 'insufficient_privilege';
        end if;
        return new;
      end $$;
      create trigger forward_only before update on event_log.ledger_head
        for each row execute function event_log.refuse_rewind();
      alter table event_log.ledger_head enable always trigger forward_only;

      grant usage on schema event_log to countersign_service, countersign_eraser;
      grant select, insert (ledger), update (next_position) on event_log.ledger_head to countersign_service;
      grant select, insert on event_log.event, event_log.content, event_log.idempotency to countersign_service;
      grant select, delete on event_log.content to countersign_eraser;
    `),
    // Event ids begin with the time, so a few bytes per stretch of the table find one; a tree would cost every append more.
    "0002_event_by_id": sqlMigration(`
      create index event_by_id on event_log.event using brin (event_id) with (pages_per_range = 16, autosummarize = on);
    `),
    "0003_rights": sqlMigration(RIGHTS),
    "0004_erasure": sqlMigration(ERASURE),
    // No append is so large. That every position has its event would cost a look per event, and on tables never analyzed a slow one.
    "0005_head_step": sqlMigration(`
      create or replace function event_log.refuse_rewind() returns trigger language plpgsql as $$
      begin
        if new.ledger <> old.ledger or new.next_position <= old.next_position then
          raise exception 'the head of ledger % only moves forward', old.ledger using errcode = 'insufficient_privilege';
        end if;
        if new.next_position - old.next_position > 100000 then
          raise exception 'the head of ledger % moves by at most 100000', old.ledger using errcode = 'insufficient_privilege';
        end if;
        return new;
      end $$;
    `),
  },
};
