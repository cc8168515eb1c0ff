import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type PagerDutyEvent = {
  readonly routing_key: string;
  readonly event_action: "trigger" | "acknowledge" | "resolve";
  readonly dedup_key: string;
  readonly payload?: { readonly summary: string; readonly source: string; readonly severity: string };
};

/** The Events API v2: refuses what PagerDuty refuses, keeps incidents by their key, and answers what the test says. */
export class FakePagerDuty {
  readonly routingKey = "r".repeat(32);
  readonly events: PagerDutyEvent[] = [];
  readonly incidents = new Map<string, "triggered" | "acknowledged" | "resolved">();
  /** What was wrong with a request; must stay empty. */
  readonly refused: string[] = [];
  /** Answers to give before the next event is taken. */
  readonly next: { readonly status: number; readonly retryAfter?: string }[] = [];
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const odd = this.next.shift();
      if (odd !== undefined) {
        response.writeHead(odd.status, odd.retryAfter === undefined ? {} : { "retry-after": odd.retryAfter }).end();
        return;
      }
      const problem = this.#take(request.method ?? "", request.url ?? "", request.headers["content-type"] ?? "", Buffer.concat(chunks));
      if (problem !== undefined) this.refused.push(problem);
      const status = problem === undefined ? 202 : 400;
      const body =
        problem === undefined ? { status: "success", message: "Event processed" } : { status: "invalid event", errors: [problem] };
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    });
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #take(method: string, url: string, type: string, bytes: Buffer): string | undefined {
    if (method !== "POST" || url !== "/v2/enqueue") return "not the address of the Events API";
    if (!type.startsWith("application/json")) return "Content-Type must be application/json";
    if (bytes.length > 512 * 1024) return "event is larger than 512 KB";
    const event = JSON.parse(bytes.toString("utf8")) as PagerDutyEvent;
    const problem = problemOf(event, this.routingKey);
    if (problem !== undefined) return problem;
    this.events.push(event);
    const before = this.incidents.get(event.dedup_key);
    const open = before === "triggered" || before === "acknowledged";
    if (event.event_action === "trigger" && !open) this.incidents.set(event.dedup_key, "triggered");
    if (event.event_action === "acknowledge" && open) this.incidents.set(event.dedup_key, "acknowledged");
    if (event.event_action === "resolve" && open) this.incidents.set(event.dedup_key, "resolved");
    return undefined;
  }
}

function problemOf(
  { routing_key: key, event_action: action, dedup_key: dedup, payload }: PagerDutyEvent,
  routingKey: string,
): string | undefined {
  if (key !== routingKey) return "routing_key is not one of an integration";
  if (!["trigger", "acknowledge", "resolve"].includes(action)) return "event_action is none";
  if (typeof dedup !== "string" || dedup === "" || dedup.length > 255) return "dedup_key must have 1 to 255 characters";
  if (action !== "trigger") return undefined;
  if (payload === undefined) return "payload is required";
  if (typeof payload.summary !== "string" || payload.summary === "" || payload.summary.length > 1024)
    return "summary must have 1 to 1024 characters";
  if (typeof payload.source !== "string" || payload.source === "") return "source is required";
  return ["critical", "error", "warning", "info"].includes(payload.severity) ? undefined : "severity is none";
}
