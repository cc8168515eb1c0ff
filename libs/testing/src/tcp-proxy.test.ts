import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

const echo = createServer((socket) => socket.on("error", () => {}).pipe(socket));
let proxy: TcpProxy;
let client: Socket;

async function dial(): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1").on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** What comes back until it is as long as `text`. */
async function answers(socket: Socket, text: string): Promise<string> {
  let heard = "";
  socket.on("data", (chunk) => (heard += chunk.toString()));
  socket.write(text);
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(text.length);
  socket.removeAllListeners("data");
  return heard;
}

const closed = (socket: Socket): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()));

beforeEach(async () => {
  if (!echo.listening) await once(echo.listen(0, "127.0.0.1"), "listening");
  proxy = await startTcpProxy((echo.address() as { port: number }).port);
  client = await dial();
});
afterEach(() => {
  client.destroy();
  proxy.close();
  echo.close();
});

test("a good network carries bytes both ways, in order", async () => {
  expect(await answers(client, "one")).toBe("one");
  expect(proxy.harmed).toBe(0);
  proxy.delay(20);
  expect(await answers(client, "two")).toBe("two");
  // On its way there, and on its way back.
  expect(proxy.harmed).toBeGreaterThanOrEqual(2);
  proxy.heal();
  expect(await answers(client, "three")).toBe("three");
});

test("what is stalled comes when it is healed", async () => {
  proxy.stall();
  let heard = "";
  client.on("data", (chunk) => (heard += chunk.toString()));
  client.write("held");
  const other = await dial();
  other.write("too");
  expect(heard).toBe("");
  proxy.heal();
  await expect.poll(() => heard, { timeout: 20_000 }).toBe("held");
  other.destroy();
});

test("a reset ends what is open, a cut also what comes after", async () => {
  const over = closed(client);
  proxy.reset();
  await over;
  client = await dial();
  expect(await answers(client, "again")).toBe("again");
  const cutOff = closed(client);
  proxy.cut();
  await cutOff;
  const harmed = proxy.harmed;
  expect(harmed).toBeGreaterThan(0);
  const refused = connect(proxy.port, "127.0.0.1").on("error", () => {});
  await closed(refused);
  expect(proxy.harmed).toBe(harmed + 1);
  proxy.heal();
  client = await dial();
  expect(await answers(client, "healed")).toBe("healed");
});

test("a reply is lost with its connection, once", async () => {
  proxy.loseNextReply();
  client.write("lost");
  await closed(client);
  client = await dial();
  expect(await answers(client, "kept")).toBe("kept");
});
