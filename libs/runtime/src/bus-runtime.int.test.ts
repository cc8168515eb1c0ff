import { silentLogger } from "@countersign/telemetry";
import { testNats } from "@countersign/testing";
import { startTcpProxy } from "@countersign/testing/tcp-proxy";
import { expect, test } from "vitest";
import { connectBus } from "./bus-runtime.ts";

test("a process that ends while NATS is away ends well", async () => {
  const { url, prefix } = await testNats();
  const proxy = await startTcpProxy(Number(new URL(url).port));
  const bus = await connectBus(
    "test",
    { natsUrl: `nats://127.0.0.1:${proxy.port}`, natsPrefix: prefix, ledger: "main", logLevel: "info" },
    silentLogger,
    {
      commands: "nats",
    },
  );
  proxy.close();
  await expect.poll(() => bus.readiness.serving(), { timeout: 20_000 }).toBe(false);
  await bus.close();
  expect(bus.nats.isClosed()).toBe(true);
});
