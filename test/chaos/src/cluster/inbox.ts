import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A webhook receiver that takes everything, and the channel that leads to it. */
export type Inbox = {
  /** What stands in the notifier's channels file. */
  readonly channels: object;
  /** `webhook-id` of every request, in order: the id of the event. */
  readonly ids: readonly string[];
  close(): void;
};

/** Hears of every review that is opened. */
export async function startInbox(): Promise<Inbox> {
  const ids: string[] = [];
  const server = createServer((request, response) => {
    // A sender that is killed in the middle has sent nothing: no `end` comes then.
    request.resume().on("end", () => {
      ids.push(String(request.headers["webhook-id"]));
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const channel = { kind: "webhook", name: "inbox", tenants: "all", url: `http://${host}/`, secrets: [secret], events: ["ReviewOpened"] };
  return {
    channels: { channels: [channel], allowed_hosts: [host] },
    ids,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
