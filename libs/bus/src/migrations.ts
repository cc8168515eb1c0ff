import { sqlMigration, type MigrationSet } from "@countersign/database";

/** Schema `bus`: how far each consumer is, and what it could not handle. */
export const busMigrations: MigrationSet = {
  schema: "bus",
  migrations: {
    "0001_consumers": sqlMigration(`
      create table bus.checkpoint (
        consumer text not null,
        ledger text not null,
        next_position bigint not null check (next_position >= 0),
        primary key (consumer, ledger)
      ) with (fillfactor = 20, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

      create table bus.dead_letter (
        consumer text not null,
        ledger text not null,
        position bigint not null,
        tenant text not null,
        stream_type text not null,
        stream_id text not null,
        event_type text not null,
        error text not null,
        attempts integer not null,
        parked_at timestamptz not null default now(),
        state text not null default 'parked' check (state in ('parked', 'replay')),
        primary key (consumer, ledger, position)
      );
      create index dead_letter_stream on bus.dead_letter (consumer, ledger, tenant, stream_type, stream_id, position);

      grant usage on schema bus to countersign_approval, countersign_audit, countersign_notifier;
      grant select, insert, update, delete on bus.checkpoint, bus.dead_letter to countersign_approval, countersign_audit, countersign_notifier;
    `),
    "0002_discarded": sqlMigration(`
      alter table bus.dead_letter drop constraint dead_letter_state_check,
        add constraint dead_letter_state_check check (state in ('parked', 'replay', 'discarded'));
    `),
  },
};
