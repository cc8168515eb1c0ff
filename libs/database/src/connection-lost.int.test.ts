import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openDatabase, type Database } from "./database.ts";

let server: TestPostgres;
let database: Database;

beforeAll(async () => {
  server = await testPostgres();
  database = openDatabase({ url: server.url, role: null });
});
afterAll(async () => {
  await database.close();
  await server.drop();
});

it("P4: losing a connection in the middle of a transaction fails that transaction, not the process", async () => {
  const connection = await database.pool.connect();
  const { rows } = await connection.query<{ pid: number }>("select pg_backend_pid() as pid");
  await connection.query("begin");
  const ended = new Promise<void>((resolve) => connection.once("end", resolve));
  await database.pool.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
  // An `error` event without a listener would end this process here.
  await ended;
  await expect(connection.query("select 1")).rejects.toThrow();
  connection.release(true);
  await expect(database.pool.query("select 1")).resolves.toMatchObject({ rowCount: 1 });
});
