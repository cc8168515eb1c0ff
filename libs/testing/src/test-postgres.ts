import { randomBytes } from "node:crypto";
import pg from "pg";
import "./provided.ts";

export type TestPostgres = {
  /** A database of its own, as its owner. */
  readonly url: string;
  /** Closes what is still connected and drops the database. */
  drop(): Promise<void>;
};

/**
 * A fresh database on the server that `global-setup.ts` started for this vitest run. Call it once per test file, in `beforeAll`.
 * @param prepare - Makes the schema; runs on the new database, usually `(url) => migrate(url, [...])`.
 */
export async function testPostgres(prepare?: (url: string) => Promise<void>): Promise<TestPostgres> {
  const { inject } = await import("vitest");
  const server = inject("postgresUrl");
  const name = `test_${randomBytes(8).toString("hex")}`;
  await onServer(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = { url: url.href, drop: () => onServer(server, `drop database if exists ${name} with (force)`) };
  await prepare?.(database.url);
  return database;
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
