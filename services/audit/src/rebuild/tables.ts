/** From here on `audit.action` is a view of the table of the version that is live; what builds of projections came to is recorded beside. */
export const BUILD_TABLES = `
  alter table audit.action rename to action_v1;
  alter index audit.action_pkey rename to action_v1_pkey;
  alter index audit.action_newest rename to action_v1_newest;
  alter index audit.action_own rename to action_v1_own;
  alter index audit.action_reviews rename to action_v1_reviews;
  create view audit.action as select * from audit.action_v1;
  alter view audit.action owner to countersign_audit;

  create table audit.build (
    projection text not null,
    version bigint not null,
    state text not null check (state in ('building', 'live', 'replaced')),
    shape text not null,
    position bigint not null,
    digest bytea not null,
    start_time timestamptz not null default now(),
    primary key (projection, version)
  );
  create unique index build_live on audit.build (projection) where state = 'live';
  create unique index build_building on audit.build (projection) where state = 'building';
  create table audit.build_digest (
    projection text not null,
    version bigint not null,
    position bigint not null,
    digest bytea not null,
    primary key (projection, version, position)
  );
  insert into audit.build (projection, version, state, shape, position, digest) values ('audit.actions', 1, 'live', '', 0, '');
  grant select, insert, update, delete on audit.build, audit.build_digest to countersign_audit;
`;
