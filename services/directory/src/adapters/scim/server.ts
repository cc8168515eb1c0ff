import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { once } from "node:events";
import { logCorruption } from "@countersign/bus";
import { currentTraceparent, type Logger } from "@countersign/telemetry";
import { answer, toRefusal, type AnswerDeps } from "./answer.ts";
import { readBody } from "./body.ts";
import type { ScimReply } from "./request.ts";
import { ScimError } from "./scim-error.ts";
import { SCIM_BASE, targetOf } from "./target.ts";
import { tokenOf, type ScimToken } from "./tokens.ts";

const MAX_IN_FLIGHT = 64;
/** P8: a tenant that holds its requests open must not keep another's deactivations out. */
const MAX_OF_A_TENANT = 16;
const MAX_CONNECTIONS = 512;

export type ScimServerOptions = Omit<AnswerDeps, "baseUrl"> & {
  readonly host: string;
  readonly port: number;
  /** Absent: no TLS. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  /** What the provider calls this endpoint, for `location`. */
  readonly publicUrl: string | undefined;
  readonly tokens: readonly ScimToken[];
  readonly logger: Logger;
};

export type RunningScimServer = { readonly port: number; close(): Promise<void> };

/** Serves SCIM 2.0 (RFC 7643, 7644) to the tenants' identity providers. */
export async function startScimServer(options: ScimServerOptions): Promise<RunningScimServer> {
  const { host, port, tls, logger } = options;
  let inFlight = 0;
  const inFlightOf = new Map<string, number>();
  const deps: AnswerDeps = { ...options, baseUrl: `${options.publicUrl ?? ""}${SCIM_BASE}` };
  const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    inFlight += 1;
    try {
      if (inFlight > MAX_IN_FLIGHT) throw new ScimError(429, "too many requests at once; try again");
      send(response, await serve(deps, options.tokens, inFlightOf, request));
    } catch (error) {
      const { refusal, unexpected } = toRefusal(error);
      const what = { service: "directory", method: `SCIM ${request.method}` };
      if (unexpected && !logCorruption(error, what, logger)) logger.error({ err: error, method: request.method }, "a SCIM request failed");
      send(response, { status: refusal.status, body: refusal.toBody() });
    } finally {
      inFlight -= 1;
    }
  };
  const settings = { requestTimeout: 30_000, headersTimeout: 10_000, maxHeaderSize: 16_384 };
  const handle = (request: IncomingMessage, response: ServerResponse): void => void listener(request, response);
  const server =
    tls === undefined ? createHttpServer(settings, handle) : createHttpsServer({ ...settings, ...tls, minVersion: "TLSv1.2" }, handle);
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  await once(server, "listening");
  const running = portOf(server);
  logger.info({ host, port: running, tls: tls !== undefined }, "SCIM is served");
  return {
    port: running,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

async function serve(
  deps: AnswerDeps,
  tokens: readonly ScimToken[],
  inFlightOf: Map<string, number>,
  request: IncomingMessage,
): Promise<ScimReply> {
  // Before anything else is looked at, and before the body is read.
  const token = tokenOf(tokens, request.headers.authorization);
  if (token === undefined) throw new ScimError(401, "a bearer token of the tenant is required");
  const { tenant } = token;
  const others = inFlightOf.get(tenant) ?? 0;
  if (others >= MAX_OF_A_TENANT) throw new ScimError(429, "too many requests of the tenant at once; try again");
  inFlightOf.set(tenant, others + 1);
  try {
    const target = targetOf(request.url ?? "/");
    const body = await readBody(request);
    return await answer(deps, token, { method: request.method ?? "", ...target, body }, currentTraceparent());
  } finally {
    inFlightOf.set(tenant, (inFlightOf.get(tenant) ?? 1) - 1);
  }
}

function send(response: ServerResponse, { status, body, location }: ScimReply): void {
  const headers: Record<string, string> = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
  if (location !== undefined) headers["location"] = location;
  if (status === 401) headers["www-authenticate"] = 'Bearer realm="scim"';
  if (status === 429 || status === 503) headers["retry-after"] = "1";
  // The rest of a body that was not read would be taken for the next request.
  if (status === 401 || status === 413 || status === 429) headers["connection"] = "close";
  if (body !== undefined) headers["content-type"] = "application/scim+json; charset=utf-8";
  response.writeHead(status, headers).end(body === undefined ? undefined : JSON.stringify(body));
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the SCIM server has no port");
  return address.port;
}
