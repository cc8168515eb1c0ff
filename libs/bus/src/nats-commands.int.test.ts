import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNatsServer, testNats, type TestNats } from "@countersign/testing";
import { beginSpan, currentTraceparent, inSpan, silentLogger } from "@countersign/telemetry";
import { recordSpans } from "@countersign/telemetry/testing";
import { MsgHdrsImpl } from "@nats-io/transport-node";
import { beforeAll, describe, expect, test } from "vitest";
import { commandBusContract, commandOf, failureOf } from "./commands.contract.ts";
import { CommandError } from "./commands.ts";
import { connectNats } from "./connect.ts";
import { natsCommands } from "./nats-commands.ts";
import { observedCommands } from "./observed-commands.ts";

commandBusContract("over NATS", async (logger) => {
  const { url, prefix } = await testNats();
  const connections = await Promise.all(["sender", "one", "two"].map((name) => connectNats({ url, name })));
  const [sender, one, two] = connections.map((connection) => natsCommands(connection, { prefix, logger }));
  if (sender === undefined || one === undefined || two === undefined) throw new Error("no bus");
  return { sender, servers: [one, two], close: async () => void (await Promise.all(connections.map((connection) => connection.close()))) };
});

describe("commands over NATS", () => {
  let nats: TestNats;
  beforeAll(async () => {
    nats = await testNats();
  });

  test("a trace goes from the sender through NATS to the handler, and on from there", async () => {
    const recorded = recordSpans();
    const [sender, server] = await Promise.all(["sender", "server"].map((name) => connectNats({ url: nats.url, name })));
    if (sender === undefined || server === undefined) throw new Error("no connection");
    let seen = ["", ""];
    await observedCommands(natsCommands(server, { prefix: nats.prefix, logger: silentLogger }), "nats").serve("traced", {
      Evaluate: async ({ traceparent }) => {
        seen = [traceparent, currentTraceparent()];
        throw new CommandError("NOT_FOUND", "NOT_FOUND", "a reason that nobody may read in a trace");
      },
    });
    const bus = observedCommands(natsCommands(sender, { prefix: nats.prefix, logger: silentLogger }), "nats");
    await inSpan(beginSpan("client", {}, ""), () => failureOf(bus.send("traced", "Evaluate", commandOf("x"), { timeoutMs: 20_000 })));
    const byName = new Map(recorded.spans().map((span) => [span.name, span]));
    const [client, send, handled] = ["client", "send traced.Evaluate", "traced.Evaluate"].map((name) => byName.get(name));
    expect(send?.parentSpanContext?.spanId).toBe(client?.spanContext().spanId);
    expect(handled?.parentSpanContext?.spanId).toBe(send?.spanContext().spanId);
    expect(handled?.spanContext().traceId).toBe(client?.spanContext().traceId);
    expect(seen).toEqual([seen[1], seen[0]]);
    expect(seen[0]).toContain(handled?.spanContext().spanId);
    expect(handled?.attributes).toMatchObject({ "messaging.destination.name": "traced.Evaluate", "error.type": "NOT_FOUND" });
    expect(JSON.stringify([handled?.attributes, handled?.events, handled?.status])).not.toContain("nobody may read");
    recorded.close();
    await Promise.all([sender.close(), server.close()]);
  });

  test("what is too large for the bus is refused in words, on both ways", async () => {
    const connection = await connectNats({ url: nats.url, name: "large" });
    const bus = natsCommands(connection, { prefix: nats.prefix, logger: silentLogger });
    await bus.serve("policy", { Grow: async () => new Uint8Array(2_000_000) });
    const send = (command = commandOf("x")) => failureOf(bus.send("policy", "Grow", command, { timeoutMs: 20_000 }));
    const refusal = { code: "RESOURCE_EXHAUSTED", reason: "TOO_LARGE" };
    const tooLarge = await send({ ...commandOf(""), request: new Uint8Array(2_000_000) });
    expect(tooLarge).toMatchObject(refusal);
    expect(tooLarge.message).toMatch(/command has 2000\d+ bytes; the bus carries 1048512/);
    expect(await send()).toMatchObject({ ...refusal, message: "The reply has 2000000 bytes; the bus carries 1048512." });
    await connection.close();
  });

  test("a refusal that is too large still reaches its caller", async () => {
    const connection = await connectNats({ url: nats.url, name: "long" });
    const bus = natsCommands(connection, { prefix: nats.prefix, logger: silentLogger });
    await bus.serve("approval", {
      Refuse: async () => {
        throw new CommandError("NOT_FOUND", "NOT_FOUND", "x".repeat(2_000_000));
      },
    });
    const refusal = await failureOf(bus.send("approval", "Refuse", commandOf("x"), { timeoutMs: 20_000 }));
    expect(refusal).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "TOO_LARGE" });
    await connection.close();
  });

  test("a reply that cannot be read is internal, and the connection goes on", async () => {
    const [connection, peer] = await Promise.all(["reader", "liar"].map((name) => connectNats({ url: nats.url, name })));
    if (connection === undefined || peer === undefined) throw new Error("no connection");
    const bus = natsCommands(connection, { prefix: nats.prefix, logger: silentLogger });
    peer.subscribe(`${nats.prefix}.cmd.liar.*`, {
      callback: (_, message) => {
        const broken = message.subject.endsWith("Header") ? { "bad name": ["1"] } : { "cs-failure": ["1"] };
        message.respond(Uint8Array.of(0xff), { headers: MsgHdrsImpl.fromRecord(broken) });
      },
    });
    await peer.flush();
    for (const method of ["Header", "Body"]) {
      expect(await failureOf(bus.send("liar", method, commandOf("x"), { timeoutMs: 20_000 }))).toMatchObject({
        code: "INTERNAL",
        reason: "BUG",
      });
    }
    await Promise.all([connection.close(), peer.close()]);
  });

  test("whoever waits when the bus goes away hears so at once, and can ask again when it is back", async () => {
    const storeDir = mkdtempSync(join(tmpdir(), "countersign-bus-"));
    const first = await startNatsServer({ storeDir, jetstream: false });
    const [connection, peer] = await Promise.all(["asks", "serves"].map((name) => connectNats({ url: first.url, name })));
    if (connection === undefined || peer === undefined) throw new Error("no connection");
    const [bus, served] = [connection, peer].map((each) => natsCommands(each, { prefix: "cs", logger: silentLogger }));
    const begun = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<Uint8Array>();
    await served?.serve("approval", {
      Ask: () => {
        begun.resolve();
        return answer.promise;
      },
    });
    const ask = () => bus?.send("approval", "Ask", commandOf("x"), { timeoutMs: 600_000 }) ?? Promise.reject(new Error("no bus"));
    const lost = failureOf(ask());
    await begun.promise;
    await first.kill();
    expect(await lost).toMatchObject({ code: "UNAVAILABLE", reason: "LINK_LOST" });
    answer.resolve(Uint8Array.of(1));
    const second = await startNatsServer({ storeDir, jetstream: false, port: first.port });
    await expect.poll(() => ask().catch(String)).toEqual(Uint8Array.of(1));
    await Promise.all([connection.close(), peer.close()]);
    await second.stop();
    rmSync(storeDir, { recursive: true });
  });

  test("bytes that are no command are refused", async () => {
    const connection = await connectNats({ url: nats.url, name: "malformed" });
    const bus = natsCommands(connection, { prefix: nats.prefix, logger: silentLogger });
    await bus.serve("audit", { Echo: async (command) => command.request });
    const reply = await connection.request(`${nats.prefix}.cmd.audit.Echo`, Uint8Array.of(0xff, 0xff, 0xff), { timeout: 20_000 });
    expect(reply.headers?.get("cs-failure")).toBe("1");
    expect(reply.string()).toContain("MALFORMED");
    await connection.close();
  });

  test("a name that would change the subject is not sent", async () => {
    const connection = await connectNats({ url: nats.url, name: "unsafe" });
    const bus = natsCommands(connection, { prefix: nats.prefix, logger: silentLogger });
    for (const method of ["a.b", ">", "", "a b", "a\r\nPUB x 0"]) {
      await expect(bus.send("policy", method, commandOf("x"), { timeoutMs: 100 })).rejects.toThrow(/cannot be part of a subject/);
    }
    await connection.close();
  });

  test("a url without a server, or no url at all, is explained", async () => {
    await expect(connectNats({ url: "nats://127.0.0.1:1", name: "x" })).rejects.toThrow(
      /cannot connect to NATS at nats:\/\/127.0.0.1:1 .*nats-server 2.9/,
    );
    await expect(connectNats({ url: "nats://user:hunter2@127.0.0.1:1", name: "x" })).rejects.not.toThrow(/hunter2/);
    await expect(connectNats({ url: "http//nowhere", name: "x" })).rejects.toThrow(/must look like/);
  });
});
