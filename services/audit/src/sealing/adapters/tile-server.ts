import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { parseTile, parseTilePath, TlogError } from "@countersign/tlog";
import type { StoredCheckpoint, TreeStore } from "../ports.ts";

export type TileServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly store: TreeStore;
  verifierKeys(epoch: number): readonly string[];
  /** Show the newest checkpoint that meets the quorum of witnesses, rather than the newest. */
  readonly witnessed: boolean;
};

type Answer = {
  readonly status: number;
  readonly body?: Uint8Array | string;
  readonly type?: string;
  readonly cache?: string;
  readonly location?: string;
};

/**
 * Serves each epoch as a static log (c2sp.org/tlog-tiles) under `/<epoch>/`: `checkpoint`, `tile/<L>/<N>[.p/<W>]` and `keys`. `/checkpoint`, `/tile/...` and `/keys`
 * lead to the newest epoch. No entry bundles: entries belong to tenants, and hashes tell nothing about them but their number.
 */
export async function startTileServer(options: TileServerOptions): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000, keepAliveTimeout: 10_000 }, (request, response) => {
    answer(options, request).then(
      (reply) => send(response, request.method === "HEAD", reply),
      () => send(response, false, { status: 503, body: "not now\n" }),
    );
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => resolve());
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : options.port;
  return {
    address: `${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(options: TileServerOptions, { method, url = "" }: IncomingMessage): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return { status: 405, body: "only GET\n" };
  const [, number, rest] = /^\/(?:([1-9][0-9]{0,8})\/)?(checkpoint|keys|tile\/[0-9x./p]{1,64})$/.exec(url) ?? [];
  if (rest === undefined) return NOT_FOUND;
  if (number === undefined) {
    const newest = await newestOf(options);
    if (newest === undefined) return NOT_FOUND;
    const location = `/${newest.epoch}/${rest}`;
    // For whoever sees the answer itself, as curl without -L shows it.
    return { status: 307, location, body: `it is at ${location}\n`, cache: "no-cache" };
  }
  const checkpoint = await newestOf(options, Number(number));
  if (checkpoint === undefined) return NOT_FOUND;
  if (rest === "checkpoint") return text(checkpoint.note, "no-cache");
  if (rest === "keys")
    return text(
      options
        .verifierKeys(checkpoint.epoch)
        .map((key) => `${key}\n`)
        .join(""),
      "no-cache",
    );
  return tile(options.store, checkpoint.epoch, rest);
}

/** What a log shows as its newest; before the first quorum, what there is. */
async function newestOf({ store, witnessed }: TileServerOptions, epoch?: number): Promise<StoredCheckpoint | undefined> {
  const which = epoch === undefined ? {} : { epoch };
  const best = witnessed ? await store.newest({ ...which, assurance: "witnessed" }) : undefined;
  return best ?? store.newest(which);
}

/** A tile never changes, whatever its width: a wider one begins with it. */
async function tile(store: TreeStore, epoch: number, path: string): Promise<Answer> {
  try {
    const wanted = parseTilePath(path);
    const hashes = parseTile((await store.tiles(epoch, [wanted]))(wanted), wanted.width);
    return { status: 200, body: Buffer.concat(hashes), type: "application/octet-stream", cache: "public, max-age=31536000, immutable" };
  } catch (error) {
    if (error instanceof TlogError) return NOT_FOUND;
    throw error;
  }
}

const text = (body: Uint8Array | string, cache: string): Answer => ({ status: 200, body, type: "text/plain; charset=utf-8", cache });

function send(response: ServerResponse, headOnly: boolean, { status, body = "", type, cache = "no-store", location }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    "content-type": type ?? "text/plain; charset=utf-8",
    "content-length": bytes.length,
    "cache-control": cache,
    "x-content-type-options": "nosniff",
    "access-control-allow-origin": "*",
    ...(location === undefined ? {} : { location }),
  });
  response.end(headOnly ? undefined : bytes);
}

const NOT_FOUND: Answer = { status: 404, body: "no such thing here\n" };
const MAX_CONNECTIONS = 256;
