import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Readiness } from "./readiness.ts";

export type EndpointOptions = {
  readonly host: string;
  readonly port: number;
  /** The metrics as text; absent: nothing is measured. */
  readonly metrics?: () => Promise<string>;
  readonly readiness: Readiness;
};

/** What a scraper must be told the text is. */
const OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/** `/metrics`, `/livez` and `/readyz` over HTTP. There is nothing else, and nothing in it that needs a secret. */
export async function startEndpoint(options: EndpointOptions): Promise<{ readonly address: string; close(): Promise<void> }> {
  const { host, port } = options;
  const server = createServer((request, response) => void answer(options, request, response));
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  // A scraper that waits must not keep a program from ending.
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return {
    address: `${host.includes(":") ? `[${host}]` : host}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer({ metrics, readiness }: EndpointOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").split("?")[0];
  try {
    if (request.method !== "GET") send(response, 405, "text/plain", "GET only\n");
    else if (path === "/livez") send(response, 200, "text/plain", "ok\n");
    else if (path === "/readyz") {
      const report = await readiness.look();
      send(response, report.ready ? 200 : 503, "application/json", `${JSON.stringify(report)}\n`);
    } else if (path === "/metrics" && metrics !== undefined) send(response, 200, OPEN_METRICS, await metrics());
    else send(response, 404, "text/plain", "there are /metrics, /livez and /readyz\n");
  } catch {
    send(response, 500, "text/plain", "failed\n");
  }
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(body);
}
