import { createServer, type IncomingMessage } from "node:http";
import type { SignerKey, VerifierKey } from "@countersign/tlog";
import { headsDirectory } from "./heads.ts";
import { createWitness, type Witness, type WitnessAnswer } from "./witness.ts";

export type WitnessServerOptions = {
  readonly key: SignerKey;
  /** Logs that are witnessed, by their keys; several keys of one origin are fine. */
  readonly logs: readonly VerifierKey[];
  /** Keeps what was cosigned. Lost or restored from a backup, it would cosign a fork: then take another key. */
  readonly directory: string;
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  readonly clock?: () => Date;
  /** Told of faults of its own, such as a full disk; the caller gets a 500. */
  readonly onFault?: (error: unknown) => void;
};

/** Closing cuts the connections that are open. */
export type RunningWitness = { readonly url: string; close(): Promise<void> };

/** Serves `POST /add-checkpoint` and `GET /<hex SHA-256 of origin>/checkpoint`. Put TLS in front of it. @throws Error when it cannot listen. */
export async function startWitnessServer(options: WitnessServerOptions): Promise<RunningWitness> {
  const { key, logs, directory, host, clock = () => new Date(), onFault = () => {} } = options;
  const witness = createWitness({ key, logs, heads: headsDirectory(directory), clock });
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5000 }, (request, response) => {
    const reply = ({ status, type, body }: WitnessAnswer): void => {
      response.writeHead(status, { "content-type": type, "content-length": body.length, "cache-control": "no-store" });
      response.end(body);
    };
    answer(witness, request).then(reply, (error: unknown) => {
      onFault(error);
      reply(plain(500, "the witness failed; its operator was told\n"));
    });
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, host, () => resolve());
  });
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : options.port;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(witness: Witness, request: IncomingMessage): Promise<WitnessAnswer> {
  const { method, url = "" } = request;
  if (url === "/add-checkpoint") {
    if (method !== "POST") return plain(405, "POST a checkpoint\n");
    const body = await readBody(request);
    return body === undefined ? plain(400, "the request is too long\n") : witness.addCheckpoint(body);
  }
  const [, log] = /^\/([0-9a-f]{64})\/checkpoint$/.exec(url) ?? [];
  if (log === undefined) return plain(404, "no such thing here\n");
  return method === "GET" ? witness.checkpoint(log) : plain(405, "only GET\n");
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const plain = (status: number, body: string): WitnessAnswer => ({ status, type: "text/plain; charset=utf-8", body: Buffer.from(body) });

const MAX_BODY = 64 * 1024;
const MAX_CONNECTIONS = 256;
