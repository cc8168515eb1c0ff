import { expect, it } from "vitest";
import { streamKey } from "./batch.ts";
import { RememberedHeads } from "./remembered-heads.ts";
import { appendTo, stream } from "./test-requests.ts";

it("keeps what a leaf is, not the memory that it was a piece of", () => {
  const pool = new Uint8Array(65_536).map((_, index) => index);
  const leaf = pool.subarray(200, 232);
  const expected = Buffer.from(leaf).toString("hex");
  const heads = new RememberedHeads();
  heads.remember(8, { streams: new Map([[streamKey(stream("a")), { count: 2, leaf }]]), tenants: new Map([["acme", { count: 7, leaf }]]) });
  pool.fill(0);
  const found = heads.forRequests([appendTo(stream("a"), 2)]);
  const read = [found?.stream(stream("a")), found?.tenant("acme")].map((head) => [
    head?.count,
    Buffer.from(head?.leaf ?? "").toString("hex"),
  ]);
  expect(read).toEqual([
    [2, expected],
    [7, expected],
  ]);
});
