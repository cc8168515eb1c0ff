import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { createRpcServer, type RunningRpcServer, type UnaryHandler } from "@countersign/grpc-kit";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import {
  ActionService,
  RequestActionRequestSchema,
  RequestActionResponseSchema,
  WatchActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { endWhenBroken } from "./broken-output.ts";
import { run } from "./program.ts";

const folder = mkdtempSync(join(tmpdir(), "countersign-exit-"));
let server: RunningRpcServer;
let status: ActionStatus;
/** What happens while the server answers. */
let meanwhile: () => void;
let called: string[];

beforeAll(async () => {
  const rpc = createRpcServer({ logger: silentLogger, limits: { drainMs: 100 } });
  const unanswered: UnaryHandler = async () => {
    called.push("another");
    return new Uint8Array();
  };
  rpc.add(ActionService, {
    requestAction: async (bytes) => {
      const { wait } = fromBinary(RequestActionRequestSchema, bytes);
      called.push(wait === undefined ? "RequestAction" : `RequestAction, waiting for ${wait.seconds} s`);
      meanwhile();
      return toBinary(RequestActionResponseSchema, create(RequestActionResponseSchema, { action: { id: "a1", status } }));
    },
    watchAction: async (_request, { signal }, send) => {
      await send(toBinary(WatchActionResponseSchema, create(WatchActionResponseSchema, { action: { id: "a1", status } })));
      meanwhile();
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    requestAndWatch: async () => void called.push("RequestAndWatch"),
    getAction: unanswered,
    listActions: unanswered,
    acceptEdit: unanswered,
    cancelAction: unanswered,
    redeemGrant: unanswered,
    reportExecution: unanswered,
    evaluateAction: unanswered,
    getGrantKeys: unanswered,
    eraseContent: unanswered,
  });
  server = await rpc.listen("127.0.0.1", 0);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  status = ActionStatus.APPROVED;
  meanwhile = () => {};
  called = [];
});

async function cli(args: readonly string[], options: { readonly address?: string | undefined; readonly signal?: AbortSignal } = {}) {
  let [out, err] = ["", ""];
  const { address = `127.0.0.1:${server.port}`, signal = new AbortController().signal } = options;
  const env = { COUNTERSIGN_TOKEN: "t", COUNTERSIGN_DATA_DIR: folder, ...(address === "" ? {} : { COUNTERSIGN_ADDRESS: address }) };
  const code = await run(args, { out: { write: (text: string) => (out += text) }, env, signal }, { write: (text) => (err += text) });
  return { code, out, err };
}

const REQUEST = ["request", "db.export", "--resource", "db:crm"];

describe("P7: an exit code of 0 is a yes, and nothing else is", () => {
  it("request: approved, or taken down to be decided; but not what was waited for in vain", async () => {
    expect(await cli([...REQUEST, "--wait", "1s"])).toMatchObject({ code: 0, err: "" });
    status = ActionStatus.IN_REVIEW;
    expect(await cli(REQUEST)).toMatchObject({ code: 0, err: "" });
    expect(await cli([...REQUEST, "--wait", "1s"])).toMatchObject({ code: 1, err: "not decided yet: IN_REVIEW\n" });
    // One call each, which answers with the whole action that is printed: a stream would tell its state, and need a second call for the rest.
    expect(called).toEqual(["RequestAction, waiting for 1 s", "RequestAction", "RequestAction, waiting for 1 s"]);
  });

  it("wrong usage is said in words", async () => {
    expect(await cli(["list", "--status", "x"])).toMatchObject({ code: 2, err: expect.stringContaining("--status must be") as string });
    expect(await cli(["erase", "--reason", "asked"])).toMatchObject({ code: 2, err: "name one of --action and --person\n" });
  });

  it("a no stays a no when its reader pressed Ctrl-C, and what was interrupted is no success", async () => {
    const interrupt = new AbortController();
    meanwhile = () => interrupt.abort();
    const { signal } = interrupt;
    status = ActionStatus.DENIED;
    expect(await cli(REQUEST, { signal })).toMatchObject({ code: 1, err: "not approved: DENIED\n" });
    status = ActionStatus.APPROVED;
    expect(await cli(REQUEST, { signal })).toMatchObject({ code: 130, err: "" });
    const watching = new AbortController();
    meanwhile = () => watching.abort();
    expect(await cli(["watch", "a1"], { signal: watching.signal })).toMatchObject({ code: 130, err: "" });
  });

  it("a refusal is said with what the server says beside it, and no more", async () => {
    meanwhile = () => {
      throw new CommandError("FAILED_PRECONDITION", "STALE_DIGEST", "look again", { metadata: { changed: "", version: "7" } });
    };
    expect(await cli(REQUEST)).toMatchObject({ code: 1, err: "FAILED_PRECONDITION STALE_DIGEST: look again\n  version: 7\n" });
  });

  it.each([
    ["ENOSPC", 1, "cannot print: no\n"],
    ["EPIPE", 141, ""],
  ])("what cannot be printed was not said: %s", async (code, exitCode, said) => {
    const out = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error("no"), { code })) });
    let err = "";
    const ended = new Promise<number>((resolve) => endWhenBroken(out, { write: (text) => (err += text) }, resolve));
    out.write("yes");
    expect([await ended, err]).toEqual([exitCode, said]);
  });
});

describe("the address of an npm start that a folder names", () => {
  const named = (address: string): void => {
    writeFileSync(join(folder, "instance.json"), JSON.stringify({ address }));
  };

  it("is one of this machine: a folder that came from elsewhere cannot have a token sent there", async () => {
    for (const address of ["evil.example:443", "127.0.0.1.evil.example:443", "localhost@evil.example:443", "dns:///127.0.0.1:1"]) {
      named(address);
      expect(await cli(REQUEST, { address: "" })).toMatchObject({ code: 2, err: expect.stringContaining("--address") as string });
    }
    named(`127.0.0.1:${server.port}`);
    expect(await cli(REQUEST, { address: "" })).toMatchObject({ code: 0 });
  });
});
