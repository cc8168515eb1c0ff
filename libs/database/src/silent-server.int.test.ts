import { createServer, connect, type Socket } from "node:net";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from "vitest";
import { openDatabase } from "./database.ts";

let server: TestPostgres;
beforeAll(async () => {
  server = await testPostgres();
});
afterAll(() => server.drop());

/** Something between us and PostgreSQL that can swallow all that goes over the connections that there are. */
async function throughNetwork() {
  const { hostname, port } = new URL(server.url);
  const pairs: [Socket, Socket][] = [];
  const network = createServer((near) => {
    const far = connect(Number(port), hostname);
    pairs.push([near, far]);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => network.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of pairs.flat()) socket.destroy();
    network.close();
  });
  const address = network.address();
  const url = new URL(server.url);
  url.host = `127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
  return {
    url: url.href,
    swallow: () => {
      for (const [near, far] of pairs) near.unpipe(far).on("data", () => {});
    },
  };
}

async function late<Result>(answer: Promise<Result>): Promise<Result> {
  const waiting = setInterval(() => vi.advanceTimersByTime(200), 1);
  return answer.finally(() => clearInterval(waiting));
}

it("P7: a server that is gone without a word is not waited for, and its connection not used again", async () => {
  // Time goes on only while an answer does not come.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const network = await throughNetwork();
  const database = openDatabase({ url: network.url, role: null, maxConnections: 1, queryTimeoutMs: 200 });
  onTestFinished(() => database.close());
  const kysely = database.kysely<unknown>();
  const ask = () => sql<{ one: number }>`select 1 as one`.execute(kysely);
  expect((await ask()).rows).toEqual([{ one: 1 }]);
  network.swallow();
  await expect(late(ask())).rejects.toThrow("Query read timeout");
  expect((await ask()).rows).toEqual([{ one: 1 }]);

  network.swallow();
  const transaction = kysely.transaction().execute((trx) => sql`select 1`.execute(trx));
  await expect(late(transaction)).rejects.toThrow("Query read timeout");
  expect((await database.pool.query("select 1 as one")).rows).toEqual([{ one: 1 }]);

  network.swallow();
  await expect(late(database.pool.query("select 1"))).rejects.toThrow("Query read timeout");
  expect((await ask()).rows).toEqual([{ one: 1 }]);
});
