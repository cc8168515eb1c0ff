import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migrate, NewerSchemaError, openDatabase, sqlMigration, type Database, type MigrationSet } from "./index.ts";

const FIRST = sqlMigration(`
  create table shelf.book (id bigint primary key, title text not null);
  grant usage on schema shelf to countersign_service;
  grant select, insert on shelf.book to countersign_service;
`);
const shelf = (...names: string[]): MigrationSet => ({
  schema: "shelf",
  migrations: {
    "0001_book": FIRST,
    ...Object.fromEntries(names.map((name) => [name, sqlMigration(`alter table shelf.book add column "${name}" text`)])),
  },
});

let postgres: TestPostgres;
let database: Database;
beforeEach(async () => {
  postgres = await testPostgres();
  database = openDatabase({ url: postgres.url });
});
afterEach(async () => {
  await database.close();
  await postgres.drop();
});

describe("migrate", () => {
  it("makes the tables once, however many processes start at the same moment", async () => {
    await Promise.all([1, 2, 3, 4].map(() => migrate(postgres.url, [shelf()])));
    await migrate(postgres.url, [shelf("0002_author")]);
    const { rows } = await database.pool.query("select tablename as name from pg_tables where schemaname = 'shelf' order by 1");
    expect(rows).toEqual([{ name: "book" }, { name: "migration" }, { name: "migration_lock" }]);
  });

  it("P7: refuses a database of a newer build and leaves it alone", async () => {
    await migrate(postgres.url, [shelf("0002_author")]);
    const older: MigrationSet = { schema: "other", migrations: { "0001": sqlMigration("create table other.x ()") } };
    await expect(migrate(postgres.url, [older, shelf()])).rejects.toThrow(NewerSchemaError);
    const { rows } = await database.pool.query("select to_regnamespace('other') as schema");
    expect(rows).toEqual([{ schema: null }]);
  });

  it("rolls a failing migration back and names its schema", async () => {
    await expect(migrate(postgres.url, [shelf("0002_title", '0002_title" broken')])).rejects.toThrow('schema "shelf" failed');
  });
});

describe("openDatabase", () => {
  it("runs as a role that can only do what was granted", async () => {
    await migrate(postgres.url, [shelf()]);
    await database.pool.query("insert into shelf.book values (1, 'Emma')");
    await expect(database.pool.query("update shelf.book set title = 'Persuasion'")).rejects.toThrow("permission denied");
    await expect(database.pool.query("create table shelf.mine ()")).rejects.toThrow("permission denied");
  });

  it("P6: knows PostgreSQL's own functions and operators only, whatever somebody set the database to", async () => {
    await migrate(postgres.url, [
      {
        schema: "shadow",
        migrations: {
          "0001": sqlMigration(`
            grant usage on schema shadow to public;
            create function shadow.sha256(bytea) returns bytea language sql as $$ select $1 $$;
            create function shadow.differs(bytea, bytea) returns boolean language sql as $$ select false $$;
            create operator shadow.<> (leftarg = bytea, rightarg = bytea, function = shadow.differs);
            do $$ begin execute format('alter database %I set search_path = shadow, pg_catalog', current_database()); end $$;`),
        },
      },
    ]);
    const { rows } = await database.pool.query(
      "select sha256('a'::bytea) <> 'a'::bytea as differs, octet_length(sha256('a'::bytea)) as length",
    );
    expect(rows).toEqual([{ differs: true, length: 32 }]);
  });

  it("reads bigint as a number and refuses one that it cannot hold", async () => {
    const { rows } = await sql<{ value: number }>`select 9007199254740991 as value`.execute(database.kysely<unknown>());
    expect(rows).toEqual([{ value: Number.MAX_SAFE_INTEGER }]);
    await expect(database.pool.query("select 9007199254740993 as value")).rejects.toThrow("above 2^53");
  });

  it("survives the loss of its connections", async () => {
    const other = openDatabase({ url: postgres.url, role: null });
    await database.pool.query("select 1");
    await other.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()",
    );
    await other.close();
    const { rows } = await database.pool
      .query("select current_user as name")
      .catch(() => database.pool.query("select current_user as name"));
    expect(rows).toEqual([{ name: "countersign_service" }]);
  });
});
