import { sqlMigration, type MigrationSet } from "@countersign/database";

const deliveries = sqlMigration(`
  -- A configured destination, and from where on it is told what happens.
  create table notifier.channel (
    ledger text not null,
    name text not null,
    kind text not null,
    target text not null,
    since_position bigint not null,
    disabled_at timestamptz,
    disabled_reason text,
    primary key (ledger, name)
  );

  -- Actions that people were asked about. All others cost the notifier nothing.
  create table notifier.review (
    tenant text not null,
    action_id text not null,
    primary key (tenant, action_id)
  );

  -- One event for one channel.
  create table notifier.delivery (
    id bigint generated always as identity primary key,
    ledger text not null,
    channel text not null,
    tenant text not null,
    action_id text not null,
    event_id uuid not null,
    event_type text not null,
    position bigint not null,
    stream_version bigint not null,
    event_time timestamptz not null,
    traceparent text not null,
    state text not null default 'pending' check (state in ('pending', 'delivered', 'failed', 'superseded')),
    attempts integer not null default 0,
    next_attempt_at timestamptz not null default now(),
    lease_id uuid,
    lease_until timestamptz,
    last_error text,
    external_ref text,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    unique (ledger, channel, event_id)
  );

  create index delivery_pending on notifier.delivery (ledger, channel, position) where state = 'pending';
  create index delivery_action on notifier.delivery (ledger, channel, tenant, action_id, position);

  grant usage on schema notifier to countersign_notifier;
  grant select, insert, update on notifier.channel, notifier.review, notifier.delivery to countersign_notifier;
`);

const interactive = sqlMigration(`
  -- A receiver that fails or is asked too much is left alone for a while, by every process.
  alter table notifier.channel add column failures integer not null default 0, add column resume_at timestamptz;
  alter table notifier.review add column created_at timestamptz not null default now();

  -- A lease also ends when the process that holds it does: its session lock is gone then. shown_version: what the message shows.
  alter table notifier.delivery add column lease_owner text, add column leased_at timestamptz, add column shown_version bigint;

  -- Token buckets, shared by every process and every restart.
  create table notifier.rate (
    bucket text primary key,
    tokens double precision not null,
    refilled_at timestamptz not null default now()
  );

  -- Signed requests that came in, so that none counts twice.
  create table notifier.seen_request (
    app text not null,
    id text not null,
    seen_at timestamptz not null default now(),
    primary key (app, id)
  );
  create index seen_request_age on notifier.seen_request (seen_at);
  create index delivery_age on notifier.delivery (updated_at) where state <> 'pending';
  create index delivery_failed on notifier.delivery (ledger, channel, id) where state = 'failed';

  grant select, insert, update on notifier.rate to countersign_notifier;
  grant select, insert, delete on notifier.seen_request to countersign_notifier;
  grant delete on notifier.delivery, notifier.review to countersign_notifier;
`);

const mailAndPage = sqlMigration(`
  -- One mail to one person that a server took: nobody gets it twice, and what follows finds its thread.
  create table notifier.mail (
    ledger text not null,
    channel text not null,
    tenant text not null,
    action_id text not null,
    person_id text not null,
    event_id text not null,
    message_id text not null,
    sent_at timestamptz not null default now(),
    primary key (ledger, channel, event_id, person_id)
  );
  create index mail_action on notifier.mail (ledger, channel, tenant, action_id);

  -- Reviews of little risk that wait to be told together.
  create table notifier.collected (
    ledger text not null,
    channel text not null,
    tenant text not null,
    person_id text not null,
    action_id text not null,
    event_id text not null,
    due_at timestamptz not null,
    primary key (ledger, channel, tenant, person_id, action_id)
  );
  create index collected_due on notifier.collected (ledger, channel, due_at);

  -- People who are signed in on the page. The cookie's value is not in here.
  create table notifier.page_session (
    id_hash text primary key,
    tenant text not null,
    id_token text not null,
    created_at timestamptz not null default now()
  );

  grant select, insert, delete on notifier.mail, notifier.collected, notifier.page_session to countersign_notifier;
  grant update on notifier.collected to countersign_notifier;
`);

const mailVersion = sqlMigration(`
  -- Which version of the action a mail shows; 0 where an earlier build sent it.
  alter table notifier.mail add column version bigint not null default 0;
`);

/** Tables of the notifier, in schema `notifier`. */
export const notifierMigrations: MigrationSet = {
  schema: "notifier",
  migrations: {
    "0001_deliveries": deliveries,
    "0002_interactive": interactive,
    "0003_mail_and_page": mailAndPage,
    "0004_mail_version": mailVersion,
  },
};
