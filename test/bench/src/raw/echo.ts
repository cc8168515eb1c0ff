import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client, credentials } from "@grpc/grpc-js";
import { cpuSecondsOf } from "../process-usage.ts";
import { ECHO } from "./echo-service.ts";
import { repeat, type Part } from "./measure.ts";

const WAITING = 64;
const REQUEST = randomBytes(250);

/** Unary calls of bare grpc-js, server and client in two processes, over one channel, as ours. */
export async function openEcho(): Promise<{ readonly bare: Part; close(): Promise<void> }> {
  const server = fork(fileURLToPath(new URL("echo-server.ts", import.meta.url)));
  const [port] = (await once(server, "message")) as [number];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const { path, requestSerialize, responseDeserialize } = ECHO.Echo;
  const call = (): Promise<unknown> =>
    new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, REQUEST, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  return {
    bare: { cpu: () => cpuSecondsOf([process.pid, server.pid ?? 0]), run: (seconds) => repeat(seconds, WAITING, call) },
    close: async () => {
      client.close();
      server.disconnect();
      await once(server, "exit");
    },
  };
}
