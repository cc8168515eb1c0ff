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
