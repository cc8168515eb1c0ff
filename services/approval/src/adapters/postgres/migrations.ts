import { sqlMigration, type MigrationSet } from "@countersign/database";

/**
 * Schema `approval`: timers, and which action a repeated request joins. Everything that is true of an action is in the log: the timers can be folded from it again, and without
 * the other table repeated requests open reviews of their own.
 */
export const approvalMigrations: MigrationSet = {
  schema: "approval",
  migrations: {
    "0001_timer": sqlMigration(`
      create table approval.timer (
        ledger text not null,
        tenant text not null,
        action_id text not null,
        kind text not null,
        due_at timestamptz not null,
        attempts integer not null default 0,
        claimed_until timestamptz,
        primary key (ledger, tenant, action_id)
      ) with (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.1);
      create index timer_due on approval.timer (ledger, due_at);

      grant usage on schema approval to countersign_approval;
      grant select, insert, update, delete on approval.timer to countersign_approval;
    `),
    "0002_after_review_timer": sqlMigration(`
      alter table approval.timer add column afterwards boolean generated always as (kind = 'remind_after_review') stored;
      alter table approval.timer drop constraint timer_pkey, add primary key (ledger, tenant, action_id, afterwards);
    `),
    "0003_open_request": sqlMigration(`
      create table approval.open_request (
        ledger text not null,
        tenant text not null,
        fingerprint text not null,
        action_id text not null,
        primary key (ledger, tenant, fingerprint)
      ) with (fillfactor = 50, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.1);
      create index open_request_action on approval.open_request (ledger, tenant, action_id);
      grant select, insert, update, delete on approval.open_request to countersign_approval;
    `),
  },
};
