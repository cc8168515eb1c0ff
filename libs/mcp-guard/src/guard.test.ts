import type { JsonObject } from "@countersign/digest";
import { describe, expect, it } from "vitest";
import { Guard, type Ask } from "./guard.ts";
import type { Outcome } from "./json-rpc.ts";
import type { ToolCall } from "./tool-call.ts";

type Line = {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: JsonObject;
  readonly result?: JsonObject;
  readonly error?: JsonObject;
};

/** A guard whose calls are decided by `ask`; by default they are approved as they are. */
function guarded(ask: Ask = (call, run) => run(call.arguments)) {
  const toHost: Line[] = [];
  const toServer: Line[] = [];
  const rawToHost: string[] = [];
  const asked: ToolCall[] = [];
  const guard = new Guard(
    {
      toHost: (line) => {
        rawToHost.push(line);
        toHost.push(JSON.parse(line) as Line);
      },
      toServer: (line) => void toServer.push(JSON.parse(line) as Line),
    },
    (call, run, cancelled) => {
      asked.push(call);
      return ask(call, run, cancelled);
    },
  );
  return { guard, toHost, toServer, rawToHost, asked, settled: () => guard.hostEnded() };
}

const line = (message: object) => JSON.stringify({ jsonrpc: "2.0", ...message });
const call = (id: unknown, more: object = {}) =>
  line({ id, method: "tools/call", params: { name: "drop", arguments: { table: "t" }, ...more } });
const done: Outcome = { result: { content: [] } };

describe("Guard", () => {
  it("passes what calls no tool, both ways, and adds nothing", () => {
    const { guard, toHost, toServer, asked } = guarded();
    const methods = ["initialize", "tools/list", "server/discover", "resources/read", "tasks/get"];
    for (const [id, method] of methods.entries()) guard.fromHost(line({ id, method, params: { a: 1 } }));
    guard.fromHost(line({ method: "notifications/initialized" }));
    guard.fromHost(line({ id: "s1", result: { roots: [] } }));
    guard.fromServer(line({ id: "s1", method: "roots/list" }));
    expect(toServer.map(({ method, result }) => method ?? result)).toEqual([...methods, "notifications/initialized", { roots: [] }]);
    expect(toHost).toEqual([{ jsonrpc: "2.0", id: "s1", method: "roots/list" }]);
    expect(asked).toEqual([]);
  });

  it("P7: a tool is called with what was approved, and only then", async () => {
    const decision = Promise.withResolvers<void>();
    const { guard, toServer, toHost, asked, settled } = guarded(async (_call, run) => {
      await decision.promise;
      return run({ table: "other" });
    });
    guard.fromHost(call(7, { _meta: { progressToken: 1 } }));
    await Promise.resolve();
    expect(asked).toEqual([{ tool: "drop", arguments: { table: "t" }, meta: { progressToken: 1 } }]);
    expect(toServer).toEqual([]);
    decision.resolve();
    await expect.poll(() => toServer).toHaveLength(1);
    expect(toServer[0]).toEqual({
      jsonrpc: "2.0",
      id: 7,
      method: "tools/call",
      params: { name: "drop", arguments: { table: "other" }, _meta: { progressToken: 1 } },
    });
    guard.fromServer(line({ id: 7, result: { content: [] } }));
    await settled();
    expect(toHost).toEqual([{ jsonrpc: "2.0", id: 7, result: { content: [] } }]);
  });

  it("passes the server's answer on as it wrote it, numbers and all", async () => {
    const { guard, rawToHost, toServer, settled } = guarded();
    guard.fromHost(call(1));
    await expect.poll(() => toServer).toHaveLength(1);
    const answer = '{"jsonrpc":"2.0","id":1,"result":{"content":[],"n":12345678901234567890}}';
    guard.fromServer(answer);
    await settled();
    expect(rawToHost).toEqual([answer]);
  });

  it("passes what the server prints beside its messages", () => {
    const raw: string[] = [];
    const guard = new Guard({ toHost: (text) => void raw.push(text), toServer: () => {} }, async () => done);
    for (const text of ["starting…", "[]", "null", line({ id: 99, result: {} })]) guard.fromServer(text);
    expect(raw).toEqual(["starting…", "[]", "null", line({ id: 99, result: {} })]);
  });

  it.each([
    ["no JSON", "{", null, -32700],
    ["a list of messages", `[${call(1)}]`, null, -32600],
    ["another name of method, for readers that overlook case", line({ id: 1, method: "ping", Method: "tools/call" }), 1, -32600],
    ["a member twice", '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"ping"}', 1, -32600],
    [
      "a number that no double holds",
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"n":9007199254740993}}}',
      1,
      -32600,
    ],
    ["no id that MCP has", line({ id: null, method: "tools/call", params: { name: "drop" } }), null, -32600],
    ["an id that is no whole number", line({ id: 1.5, method: "ping" }), null, -32600],
    ["parameters by position", line({ id: 1, method: "tools/call", params: ["drop"] }), 1, -32600],
    ["another version", '{"jsonrpc":"1.0","id":1,"method":"ping"}', 1, -32600],
    ["a request that is an answer, too", line({ id: 1, method: "ping", result: {} }), 1, -32600],
    ["an answer of both kinds", line({ id: 1, result: {}, error: {} }), 1, -32600],
    ["neither request nor answer", line({ id: 1 }), 1, -32600],
    ["a request that there is not", line({ id: 1, method: "tools/execute", params: {} }), 1, -32601],
    ["tools/call in other letters", line({ id: 1, method: "Tools/Call", params: {} }), 1, -32601],
    ["a tool without a name", line({ id: 1, method: "tools/call", params: { Name: "drop" } }), 1, -32602],
    ["a tool's other name", call(1, { Name: "count" }), 1, -32602],
    ["what nobody is shown", call(1, { inputResponses: {} }), 1, -32602],
    ["arguments that are none", call(1, { arguments: "all" }), 1, -32602],
    ["twins, for readers that overlook case", call(1, { arguments: { path: "/tmp/a", Path: "/etc/passwd" } }), 1, -32602],
    ["twins further in", call(1, { arguments: { a: [{ k: 1, "\u212a": 2 }] } }), 1, -32602],
    ["twins by the long s", call(1, { arguments: { s: 1, ſ: 2 } }), 1, -32602],
    [
      "arguments too deep to look at",
      call(1, { arguments: { a: 0 } }).replace('"a":0', `"a":${"[".repeat(50_000)}${"]".repeat(50_000)}`),
      1,
      -32603,
    ],
  ])("P7: %s is refused, and the server hears nothing of it", async (_what, text, id, code) => {
    const { guard, toHost, toServer, asked, settled } = guarded();
    guard.fromHost(text);
    await settled();
    expect(toHost).toMatchObject([{ id, error: { code } }]);
    expect([...toServer, ...asked]).toEqual([]);
  });

  it("P7: a call without an id is dropped: a server may run what it needs not answer", () => {
    const { guard, toHost, toServer, asked } = guarded();
    guard.fromHost(line({ method: "tools/call", params: { name: "drop", arguments: {} } }));
    expect([...toHost, ...toServer, ...asked]).toEqual([]);
  });

  it("P7: an id that is taken cannot be used for another request", () => {
    const { guard, toHost, toServer } = guarded(() => new Promise(() => {}));
    guard.fromHost(call(1));
    guard.fromHost(line({ id: 1, method: "ping" }));
    guard.fromHost(call(1, { name: "count" }));
    expect(toServer).toEqual([]);
    expect(toHost).toMatchObject([
      { id: 1, error: { code: -32600 } },
      { id: 1, error: { code: -32600 } },
    ]);
    guard.fromHost(line({ id: "1", method: "ping" }));
    expect(toServer).toHaveLength(1);
  });

  it("P7: what was asked before under an id is no answer to a call", async () => {
    const { guard, toHost, toServer, settled } = guarded();
    guard.fromHost(line({ id: 5, method: "tools/list" }));
    guard.fromHost(call(5));
    await settled();
    expect(toHost).toMatchObject([{ id: 5, error: { code: -32600 } }]);
    guard.fromServer(line({ id: 5, result: { tools: [] } }));
    guard.fromHost(call(5));
    await expect.poll(() => toServer).toHaveLength(2);
    guard.fromServer(line({ id: 5, result: { content: [] } }));
    await settled();
    expect(toHost.slice(1).map(({ result }) => result)).toEqual([{ tools: [] }, { content: [] }]);
  });

  it("a call that its host cancels is not answered; one that runs is cancelled by its server", async () => {
    const { guard, toHost, toServer, settled } = guarded(async ({ tool }, run, cancelled) => {
      if (tool === "count") return run({});
      await new Promise((resolve) => cancelled.addEventListener("abort", resolve));
      return undefined;
    });
    guard.fromHost(call(1));
    guard.fromHost(line({ method: "notifications/cancelled", params: { requestId: 1 } }));
    guard.fromHost(call(2, { name: "count" }));
    await expect.poll(() => toServer).toHaveLength(1);
    guard.fromHost(line({ method: "notifications/cancelled", params: { requestId: 2 } }));
    guard.fromHost(line({ method: "notifications/cancelled", params: { requestId: 3 } }));
    expect(toServer.slice(1).map(({ params }) => params)).toEqual([{ requestId: 2 }, { requestId: 3 }]);
    guard.fromServer(line({ id: 2, result: {} }));
    await settled();
    expect(toHost.map(({ id }) => id)).toEqual([2]);
  });

  it("the end of the host takes back what waits, and waits for what runs", async () => {
    const { guard, toHost, toServer, settled } = guarded(async ({ tool }, run, cancelled) => {
      if (tool === "count") return run({});
      await new Promise((resolve) => cancelled.addEventListener("abort", resolve));
      return undefined;
    });
    guard.fromHost(call(1));
    guard.fromHost(call(2, { name: "count" }));
    await expect.poll(() => toServer).toHaveLength(1);
    const ended = settled();
    guard.fromServer(line({ id: 2, result: {} }));
    await ended;
    expect(toHost.map(({ id }) => id)).toEqual([2]);
  });

  it("the end of the server ends what runs", async () => {
    const { guard, toHost, toServer, settled } = guarded();
    guard.fromHost(call(1));
    await expect.poll(() => toServer).toHaveLength(1);
    guard.serverEnded();
    await settled();
    expect(toHost).toEqual([{ jsonrpc: "2.0", id: 1, error: { code: -32603, message: "the server ended before it answered" } }]);
  });
});
