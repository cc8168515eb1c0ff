import { createServer, type Server } from "node:net";
import { afterEach, expect, it, vi } from "vitest";
import { createClient } from "./client.ts";

let proxy: Server | undefined;
afterEach(() => {
  vi.unstubAllEnvs();
  proxy?.close();
});

it("a token for this machine goes through no proxy: there it would cross the network in the clear, to another machine's loopback", async () => {
  const heard: string[] = [];
  const listening = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", (data) => {
      heard.push(data.toString("latin1"));
      socket.end("HTTP/1.1 502 no\r\n\r\n");
    });
  });
  proxy = listening;
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const address = listening.address();
  const port = typeof address === "object" ? address?.port : 0;
  for (const name of ["grpc_proxy", "https_proxy", "http_proxy"]) vi.stubEnv(name, `http://127.0.0.1:${port}`);
  const client = createClient({ address: "127.0.0.1:1", token: "secret", retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
  await expect(client.actions.getAction({ actionId: "a1" }, { timeoutMs: 20_000 })).rejects.toMatchObject({ code: "UNAVAILABLE" });
  client.close();
  expect(heard).toEqual([]);
});
