import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";

/** What a receiver does with one request; `hang` says nothing for long, then breaks the connection. */
export type Behaviour = "ok" | "500" | "429" | "hang" | "reset" | "redirect" | "gone" | "slow" | "garbage" | "endless-body";

export type Received = { readonly id: string; readonly payload: WebhookBody; readonly answered: Behaviour; readonly path: string };

export type WebhookBody = {
  readonly type: string;
  readonly timestamp: string;
  readonly data: { readonly action_id: string; readonly event_id: string; readonly position: number; readonly status: string };
};

/** A webhook receiver on loopback that checks each signature with the reference package and misbehaves on demand. */
export type WebhookReceiver = {
  readonly url: string;
  /** `host:port`, as it stands in an allow-list. */
  readonly host: string;
  readonly received: readonly Received[];
  /** Requests whose signature was wrong. */
  readonly forged: readonly string[];
  close(): Promise<void>;
};

export async function webhookReceiver(secret: string, behave: (request: number, id: string) => Behaviour): Promise<WebhookReceiver> {
  const received: Received[] = [];
  const forged: string[] = [];
  const verifier = new Webhook(secret);
  const server = createServer((request, response) => {
    void take(request, response);
  });
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const id = String(request.headers["webhook-id"]);
    try {
      const payload = verifier.verify(body, request.headers as Record<string, string>) as WebhookBody;
      const answered = behave(received.length, id);
      received.push({ id, payload, answered, path: request.url ?? "" });
      answer(answered, request, response);
    } catch {
      forged.push(id);
      response.writeHead(401).end();
    }
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}/hook`,
    host,
    received,
    forged,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function answer(behaviour: Behaviour, request: IncomingMessage, response: ServerResponse): void {
  switch (behaviour) {
    case "ok":
      response.writeHead(204).end();
      return;
    case "slow":
      setTimeout(() => response.writeHead(200).end("ok"), 50);
      return;
    case "500":
      response.writeHead(500).end("oops");
      return;
    case "429":
      response.writeHead(429, { "retry-after": "1" }).end();
      return;
    case "gone":
      response.writeHead(410).end();
      return;
    case "redirect":
      response.writeHead(307, { location: "/elsewhere" }).end();
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "garbage":
      request.socket.end("this is not HTTP\r\n\r\n");
      return;
    case "endless-body": {
      response.writeHead(200);
      const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024)), 1);
      response.on("close", () => clearInterval(timer));
      return;
    }
    case "hang":
      setTimeout(() => request.socket.destroy(), 600);
      return;
  }
}
