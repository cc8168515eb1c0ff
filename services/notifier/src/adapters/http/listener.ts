import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "@countersign/telemetry";

/** A request with its raw body, over which signatures are. `url`: path and query. */
export type RawRequest = { readonly url: string; readonly headers: IncomingHttpHeaders; readonly body: Buffer };
export type RawAnswer = {
  readonly status: number;
  readonly json?: unknown;
  readonly html?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
};
export type Route = (request: RawRequest) => Promise<RawAnswer>;

/** Much more than an answer from a chat needs. */
const LARGEST_BODY = 256 * 1024;
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
/** A body is read before its signature can be checked: so many of them at most. */
const MAX_CONNECTIONS = 512;

/**
 * Takes in what chat services post, and what browsers ask for. Speaks plain HTTP: TLS ends in front of it. Only known paths; a route is named by its path if it
 * takes POST, and by `GET` and its path if it takes that.
 */
export async function listen(
  address: { readonly host: string; readonly port: number; readonly maxConnections?: number },
  routes: ReadonlyMap<string, Route>,
  logger: Logger,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: 32 * 1024 });
  server.on("request", (request, response) => {
    void answer(request, routes).then(
      (given) => send(response, given),
      (err: unknown) => {
        logger.error({ err, path: pathOf(request) }, "a request failed");
        send(response, { status: 500 });
      },
    );
  });
  server.maxConnections = address.maxConnections ?? MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(address.port, address.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

async function answer(request: IncomingMessage, routes: ReadonlyMap<string, Route>): Promise<RawAnswer> {
  const path = pathOf(request);
  const [get, post] = [routes.get(`GET ${path}`), routes.get(path)];
  if (get === undefined && post === undefined) return { status: 404 };
  const { method, url = "", headers } = request;
  const route = method === "POST" ? post : method === "GET" || method === "HEAD" ? get : undefined;
  if (route === undefined) return { status: 405 };
  const body = await bodyOf(request);
  return body === undefined ? { status: 413 } : route({ url, headers, body });
}

/** Without the query: it may hold what no log should. */
function pathOf({ url = "" }: IncomingMessage): string {
  return url.split("?")[0] ?? "";
}

/**
 * Undefined when it is too long: nothing of it is kept. It is read to its end all the same, within the time for a request: browsers hear no answer before that,
 * and a connection that ends in the middle takes the next request with it.
 */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > LARGEST_BODY) chunks.length = 0;
    else chunks.push(chunk as Buffer);
  }
  return size > LARGEST_BODY ? undefined : Buffer.concat(chunks);
}

/** To people, who would see an empty page. */
const SAID: Readonly<Record<number, string>> = {
  404: "There is nothing here.",
  405: "This address does not take that.",
  413: "What was sent is too long: nothing was decided. Go back and send less.",
  500: "This failed. What it was to do may be done or not: look before you do it again. Try again in a moment.",
};

function send(response: ServerResponse, { status, json, html, headers = {} }: RawAnswer): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (html !== undefined) response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(html);
  else if (json === undefined) response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(SAID[status]);
  else response.writeHead(status, { "content-type": "application/json; charset=utf-8" }).end(JSON.stringify(json));
}
