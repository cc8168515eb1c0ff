import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { natsBinary, NatsServerMissing } from "./nats-binary.ts";
import { startNatsServer } from "./nats-server.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-nats-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("starts with JetStream on a free port, dies by kill, comes back on the same port", async () => {
  const first = await startNatsServer({ storeDir: join(folder, "a") });
  await expect(greets(first.url)).resolves.toBe(true);
  await first.kill();
  await expect(greets(first.url)).rejects.toThrow();
  const second = await startNatsServer({ storeDir: join(folder, "a"), port: first.port });
  expect(second.url).toBe(first.url);
  await expect(greets(second.url)).resolves.toBe(true);
  await second.stop();
});

test("says why when the port is busy", async () => {
  const first = await startNatsServer({ storeDir: join(folder, "b") });
  await expect(startNatsServer({ storeDir: join(folder, "c"), port: first.port })).rejects.toThrow(
    /did not start on port \d+.*address already in use/s,
  );
  await first.stop();
});

test("a machine without nats-server is told what to do", () => {
  expect(() => natsBinary([folder])).toThrow(NatsServerMissing);
  expect(() => natsBinary([folder])).toThrow(/apt-get install nats-server/);
});

/** The server speaks first: INFO with what it can do. */
function greets(url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    socket.once("error", reject);
    socket.once("data", (greeting: Buffer) => {
      socket.destroy();
      resolve(greeting.includes('"jetstream":true'));
    });
  });
}
