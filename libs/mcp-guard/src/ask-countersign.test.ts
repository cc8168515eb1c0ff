import type { CountersignClient } from "@countersign/client";
import { expect, it } from "vitest";
import { CountersignAsker } from "./ask-countersign.ts";

const ASKING = {
  server: "crm",
  subject: { type: "agent", id: "bot" },
  resource: { type: "mcp_server", id: "crm" },
  context: {},
  holdMs: 60_000,
};
const CALL = { tool: "export", arguments: { limit: 3 } };

/** A gateway that takes requests and answers none in time; asked once more by its key, it says which action it is. */
function slowGateway() {
  const keys: (string | undefined)[] = [];
  const cancelled: unknown[] = [];
  const client = {
    requestAndWatch: (_input: unknown, { signal, idempotencyKey }: { signal: AbortSignal; idempotencyKey: string }) => {
      keys.push(idempotencyKey);
      return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
    requestAction: (_input: unknown, { idempotencyKey }: { idempotencyKey: string }) => {
      keys.push(idempotencyKey);
      return Promise.resolve({ action: { id: "the action" } });
    },
    actions: { cancelAction: (request: unknown) => Promise.resolve(void cancelled.push(request)) },
  };
  return { client: client as unknown as CountersignClient, keys, cancelled };
}

const never = () => Promise.reject(new Error("nothing may run"));

it("a call that is given up before it is known which action it is, is found by its key and taken back", async () => {
  const { client, keys, cancelled } = slowGateway();
  const givenUp = new AbortController();
  const outcome = new CountersignAsker(client, ASKING).ask(CALL, never, givenUp.signal);
  givenUp.abort();
  expect(await outcome).toBeUndefined();
  expect(cancelled).toMatchObject([{ actionId: "the action" }]);
  expect(new Set(keys).size).toBe(1);
});

it("a call that is held for long enough goes on under its key, for one call only", async () => {
  const { client, keys, cancelled } = slowGateway();
  const asker = new CountersignAsker(client, { ...ASKING, holdMs: 1 });
  const forever = new AbortController().signal;
  await asker.ask(CALL, never, forever);
  await Promise.all([asker.ask(CALL, never, forever), asker.ask({ ...CALL, arguments: { limit: 4 } }, never, forever)]);
  await Promise.all([asker.ask(CALL, never, forever), asker.ask(CALL, never, forever)]);
  const [first, second, other, third, new_] = keys;
  expect([second, third]).toEqual([first, first]);
  expect(new Set([first, other, new_]).size).toBe(3);
  await asker.close();
  expect(cancelled).toHaveLength(3);
});
