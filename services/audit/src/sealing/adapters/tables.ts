/**
 * Tables of the tree. Tiles only grow and checkpoints never change; the service's role cannot do otherwise, and whoever can (a superuser) is found out by the
 * anchor and by `checkSealed`. Leaf index is position, in each epoch anew.
 */
export const SEALING_TABLES = `
  create table audit.sealer (
    ledger text primary key,
    term bigint not null,
    holder uuid not null,
    expire_time timestamptz not null
  ) with (fillfactor = 10, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0);

  create table audit.tile (
    ledger text not null,
    epoch integer not null check (epoch > 0),
    level smallint not null,
    index bigint not null,
    hashes bytea not null check (octet_length(hashes) between 32 and 8192 and octet_length(hashes) % 32 = 0),
    primary key (ledger, epoch, level, index)
  );
  alter table audit.tile alter column hashes set storage external;

  create table audit.tree_checkpoint (
    ledger text not null,
    epoch integer not null check (epoch > 0),
    size bigint not null check (size > 0),
    origin text not null,
    root bytea not null check (octet_length(root) = 32),
    note bytea not null,
    witnessed boolean not null default false,
    seal_time timestamptz not null default clock_timestamp(),
    primary key (ledger, epoch, size)
  );
  create index witnessed_checkpoint on audit.tree_checkpoint (ledger, epoch, size) where witnessed;

  create table audit.cosignature (
    ledger text not null,
    epoch integer not null,
    size bigint not null,
    name text not null,
    key_id bigint not null,
    signature bytea not null,
    primary key (ledger, epoch, size, name, key_id),
    foreign key (ledger, epoch, size) references audit.tree_checkpoint
  );

  create function audit.tile_grows() returns trigger language plpgsql as $$
  begin
    if (new.ledger, new.epoch, new.level, new.index) is distinct from (old.ledger, old.epoch, old.level, old.index)
      or substring(new.hashes for octet_length(old.hashes)) is distinct from old.hashes then
      raise exception 'tile %/% of epoch % only grows', old.level, old.index, old.epoch using errcode = 'insufficient_privilege';
    end if;
    return new;
  end $$;
  create trigger grow_only before update on audit.tile for each row execute function audit.tile_grows();

  create function audit.refuse_change() returns trigger language plpgsql as $$
  begin
    raise exception '% of %.% is refused: what was sealed stays', tg_op, tg_table_schema, tg_table_name
      using errcode = 'insufficient_privilege';
  end $$;
  create trigger keep before delete or truncate on audit.tile for each statement execute function audit.refuse_change();
  create trigger keep before delete or truncate on audit.tree_checkpoint for each statement execute function audit.refuse_change();
  create trigger append_only before update or delete or truncate on audit.cosignature
    for each statement execute function audit.refuse_change();
  alter table audit.tile enable always trigger grow_only;
  alter table audit.tile enable always trigger keep;
  alter table audit.tree_checkpoint enable always trigger keep;
  alter table audit.cosignature enable always trigger append_only;

  grant select, insert, update on audit.sealer to countersign_audit;
  grant select, insert, update (hashes) on audit.tile to countersign_audit;
  grant select, insert, update (witnessed) on audit.tree_checkpoint to countersign_audit;
  grant select, insert on audit.cosignature to countersign_audit;
`;

export type TileRow = { readonly level: number; readonly index: number; readonly hashes: Buffer };

export type CheckpointRow = {
  readonly epoch: number;
  readonly size: number;
  readonly origin: string;
  readonly root: Buffer;
  readonly note: Buffer;
  readonly seal_time: Date;
};
