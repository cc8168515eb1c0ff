import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { expect, it } from "vitest";
import { fewAtOnce } from "./few-at-once.ts";

const of = (tenant: string) => create(CommandSchema, { caller: { tenant } });
const { signal } = new AbortController();
const full = { code: "RESOURCE_EXHAUSTED", reason: "OVERLOADED" };

it("P8: refuses a tenant one more than it may have at once, and no other one for it", async () => {
  const handler = fewAtOnce(2, async function* () {
    yield Uint8Array.of(1);
  });
  const open = async (tenant: string) => {
    const stream = handler(of(tenant), signal)[Symbol.asyncIterator]();
    await stream.next();
    return stream;
  };
  const [first, second] = await Promise.all([open("acme"), open("acme")]);
  await expect(open("acme")).rejects.toMatchObject(full);
  await open("globex");
  // One ends, one is given up.
  expect(await first.next()).toMatchObject({ done: true });
  await second.return?.();
  await Promise.all([open("acme"), open("acme")]);
  await expect(open("acme")).rejects.toMatchObject(full);
});

it("counts none that has failed", async () => {
  const handler = fewAtOnce(1, async function* () {
    yield Uint8Array.of(1);
    throw new Error("no");
  });
  const all = async () => {
    for await (const _ of handler(of("acme"), signal));
  };
  await expect(all()).rejects.toThrow("no");
  await expect(all()).rejects.toThrow("no");
});
