import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { testNats, testPostgres, type TestPostgres } from "./index.ts";

describe("the servers of a test run", () => {
  let database: TestPostgres;
  beforeAll(async () => {
    database = await testPostgres();
  });
  afterAll(() => database.drop());

  it("gives a fresh database with durable commits", async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query("select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit");
    await client.end();
    expect(rows).toEqual([{ fsync: "on", commit: "on" }]);
  });

  it("gives subjects that nobody else uses", async () => {
    const [one, other] = [await testNats(), await testNats()];
    expect(one.url).toBe(other.url);
    expect(one.prefix).not.toBe(other.prefix);
  });
});
