import { contentDigest } from "@countersign/digest";
import type { Content } from "@countersign/event-log";
import { expect, it } from "vitest";
import { createActionStore } from "../adapters/log/action-store.ts";
import { exportInput, testApproval } from "../testing/test-approval.ts";
import { inOwnMemory, textContent } from "./content.ts";

/** Bytes that a content keeps alive. */
const keptBy = ({ digest, salt, body }: Content): number =>
  [...new Set([digest.buffer, salt.buffer, body.buffer])].reduce((sum, { byteLength }) => sum + byteLength, 0);

const sizeOf = ({ digest, salt, body }: Content): number => digest.length + salt.length + body.length;

it("is the same in memory of its own, whatever it was a piece of", () => {
  const socket = Buffer.alloc(65_536, 7);
  const received = { digest: socket.subarray(0, 32), salt: socket.subarray(40, 72), body: socket.subarray(100, 600) };
  const own = inOwnMemory(received);
  expect(own).toEqual(received);
  expect(keptBy(own)).toBe(564);
});

it("names a text by its salted digest, and an empty one not at all", () => {
  const content = textContent("too many rows");
  expect(content?.digest).toEqual(contentDigest(content?.salt ?? Buffer.alloc(0), Buffer.from("too many rows")));
  expect(textContent("")).toBeUndefined();
});

it("keeps alive no more than it is in memory, written here or read from the log", async () => {
  const world = await testApproval();
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  await world.call("CancelAction", { actionId: action?.id ?? "", reason: "no longer needed" });
  const ref = { tenant: "acme", id: action?.id ?? "" };
  const written = await world.log.readContents({ tenant: "acme", type: "action", id: ref.id });
  const inSocket = (bytes: Uint8Array): Buffer => Buffer.concat([bytes, Buffer.alloc(65_536)]).subarray(0, bytes.length);
  const read = createActionStore(
    {
      ...world.log,
      readContents: async () => new Map([...written].map(([digest, content]) => [digest, { ...content, salt: inSocket(content.salt) }])),
    },
    { actions: 10, bytes: 1_000_000 },
  );
  const contents = [...written.values(), ...(await read.load(ref)).view.contents.values()];
  expect(contents).toHaveLength(4);
  expect(contents.map(keptBy)).toEqual(contents.map(sizeOf));
});
