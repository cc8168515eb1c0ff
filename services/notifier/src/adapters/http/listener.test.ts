import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { silentLogger } from "@countersign/telemetry";
import { expect, it } from "vitest";
import { listen } from "./listener.ts";

it("P7: takes so many connections and no more, and those that it has are answered", async () => {
  const routes = new Map([["/hook", async () => ({ status: 200, json: { heard: true } })]]);
  const { port, close } = await listen({ host: "127.0.0.1", port: 0, maxConnections: 2 }, routes, silentLogger);
  const sockets: Socket[] = [];
  const open = async (): Promise<Socket> => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    sockets.push(socket);
    await once(socket, "connect");
    return socket;
  };
  const first = await open();
  await open();
  const third = connect(port, "127.0.0.1").on("error", () => {});
  await new Promise((resolve) => third.once("close", resolve));
  first.write("POST /hook HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}");
  expect(String((await once(first, "data"))[0])).toContain('{"heard":true}');
  for (const socket of sockets) socket.destroy();
  await close();
});

it("says what it does not take, and goes on with whoever sent it", async () => {
  const fail = async () => {
    throw new Error("of the route");
  };
  const { port, close } = await listen({ host: "127.0.0.1", port: 0 }, new Map([["/form", fail]]), silentLogger);
  const said = async (method: string, path: string, body: string | null = null): Promise<readonly [number, string]> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, body });
    return [answer.status, await answer.text()];
  };
  expect(await said("POST", "/form", "x".repeat(5_000_000))).toEqual([413, expect.stringContaining("too long: nothing was decided")]);
  expect(await said("GET", "/elsewhere")).toEqual([404, "There is nothing here."]);
  expect(await said("GET", "/form")).toEqual([405, "This address does not take that."]);
  expect(await said("POST", "/form")).toEqual([500, expect.stringContaining("Try again in a moment.")]);
  await close();
});
