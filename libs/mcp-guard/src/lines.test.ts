import { PassThrough, Readable } from "node:stream";
import { expect, it } from "vitest";
import { eachLine } from "./lines.ts";

async function linesOf(...chunks: readonly (string | Buffer)[]): Promise<readonly string[]> {
  const lines: string[] = [];
  await eachLine(Readable.from(chunks, { objectMode: false }), (line) => void lines.push(line));
  return lines;
}

it("lines end with a line feed, wherever chunks do", async () => {
  expect(await linesOf("a\nb", "c", "d\n", "\n  \n", "e")).toEqual(["a", "bcd", "e"]);
});

it("what JSON may hold as it is ends no line", async () => {
  expect(await linesOf('"\u2028\u2029\u0085"\r\n')).toEqual(['"\u2028\u2029\u0085"\r']);
});

it("a letter may come in two chunks", async () => {
  const bytes = Buffer.from('"ä€"\n');
  expect(await linesOf(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(['"ä€"']);
});

it("50 MB are one line in no time to speak of", async () => {
  const chunk = Buffer.alloc(65_536, "x");
  const [line = ""] = await linesOf(...Array.from({ length: 800 }, () => chunk), "\n");
  expect(line).toHaveLength(800 * 65_536);
}, 10_000);

it("a stream that is destroyed ends as one that ends", async () => {
  const stream = new PassThrough();
  const ended = eachLine(stream, () => {});
  stream.destroy(new Error("gone"));
  await ended;
});
