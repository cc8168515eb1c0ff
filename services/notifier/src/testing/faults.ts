import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * How a fake misbehaves on one request. `-after`: it has done what was asked, and the caller does not hear of it. `late`: the same, but done a moment after the
 * connection broke.
 */
export type Fault = "429" | "500" | "hang" | "reset" | "500-after" | "hang-after" | "reset-after" | "late";

export const FAULTS: readonly Fault[] = ["429", "500", "hang", "reset", "500-after", "hang-after", "reset-after", "late"];

/** How long a fake hangs before it breaks the connection, and how late `late` is. */
const HANG_MS = 400;
const LATE_MS = 200;

/** Runs one request under a fault. `work` answers; it is not called when the fault comes before. */
export async function withFault(
  fault: Fault | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  work: () => Promise<{ readonly status: number; readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> }>,
): Promise<void> {
  const hang = (): void => void setTimeout(() => request.socket.destroy(), HANG_MS);
  switch (fault) {
    case "429":
      response.writeHead(429, { "retry-after": "1" }).end();
      return;
    case "500":
      response.writeHead(500).end("oops");
      return;
    case "hang":
      hang();
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "late":
      request.socket.resetAndDestroy();
      await new Promise((resolve) => setTimeout(resolve, LATE_MS));
      await work();
      return;
    case "500-after":
    case "hang-after":
    case "reset-after":
      await work();
      if (fault === "500-after") response.writeHead(500).end("oops");
      else if (fault === "hang-after") hang();
      else request.socket.resetAndDestroy();
      return;
    case undefined: {
      const { status, json, headers = {} } = await work();
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(json === undefined ? "" : JSON.stringify(json));
    }
  }
}

export async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
