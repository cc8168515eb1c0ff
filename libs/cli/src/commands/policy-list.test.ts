import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { createRpcServer, type RunningRpcServer, type UnaryHandler } from "@countersign/grpc-kit";
import {
  ListPolicyRevisionsRequestSchema,
  ListPolicyRevisionsResponseSchema,
  PolicyService,
  type ListPolicyRevisionsRequest,
  type PolicyRevisionSchema,
} from "@countersign/proto/v1/policy_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../program.ts";

const at = (time: string) => timestampFromDate(new Date(`2026-11-${time}Z`));
const person = (id: string) => ({ issuer: "https://idp.example", id });
const published = { publisher: person("ann"), publishTime: at("01T09:00:00"), documentDigest: Uint8Array.of(0xab) };
const REVISIONS: readonly MessageInitShape<typeof PolicyRevisionSchema>[] = [
  { ...published, revision: 3n },
  { ...published, revision: 2n, active: true, activator: person("bob\u202e"), activateTime: at("24T10:00:00") },
  { ...published, revision: 1n, activator: person("ann"), activateTime: at("02T10:00:00"), replaceTime: at("24T10:00:00") },
];
let server: RunningRpcServer;
const asked: ListPolicyRevisionsRequest[] = [];

beforeAll(async () => {
  const rpc = createRpcServer({ logger: silentLogger, limits: { drainMs: 100 } });
  const unanswered: UnaryHandler = async () => new Uint8Array();
  rpc.add(PolicyService, {
    publishPolicy: unanswered,
    activatePolicy: unanswered,
    getPolicy: unanswered,
    testPolicy: unanswered,
    backtestPolicy: async () => {},
    // A page is one revision.
    listPolicyRevisions: async (bytes) => {
      const request = fromBinary(ListPolicyRevisionsRequestSchema, Uint8Array.from(bytes));
      asked.push(request);
      const index = Number(request.pageToken);
      const page = { revisions: REVISIONS.slice(index, index + 1), nextPageToken: index < 2 ? String(index + 1) : "" };
      return toBinary(ListPolicyRevisionsResponseSchema, create(ListPolicyRevisionsResponseSchema, page));
    },
  });
  server = await rpc.listen("127.0.0.1", 0);
});
afterAll(() => server.close());

async function list(...args: readonly string[]) {
  let [out, err] = ["", ""];
  const env = { COUNTERSIGN_ADDRESS: `127.0.0.1:${server.port}`, COUNTERSIGN_TOKEN: "t" };
  const io = { out: { write: (more: string) => (out += more) }, env, signal: new AbortController().signal };
  const code = await run(["policy", "list", ...args], io, { write: (more: string) => (err += more) });
  expect([code, err]).toEqual([0, ""]);
  return out;
}

describe("policy list", () => {
  it("says of every revision, on however many pages, who published it, when it was in force and through whom", async () => {
    const [head, ...rows] = (await list()).trimEnd().split("\n");
    expect(head).toMatch(/^REVISION +PUBLISHED +BY +IN FORCE FROM +TO +BY +DIGEST$/);
    expect(rows).toEqual([
      expect.stringMatching(/^3 +2026-11-01 09:00:00Z +ann +ab$/),
      expect.stringMatching(/^2 +in force +2026-11-01 09:00:00Z +ann +2026-11-24 10:00:00Z +bob[\x20-\x7e]+ab$/),
      expect.stringMatching(/^1 +2026-11-01 09:00:00Z +ann +2026-11-02 10:00:00Z +2026-11-24 10:00:00Z +ann +ab$/),
    ]);
  });

  it("as they were then, and as one document", async () => {
    asked.length = 0;
    const told = JSON.parse(await list("--at", "2026-11-24T12:00:00Z", "--json")) as { revisions: unknown[] };
    expect(told).not.toHaveProperty("nextPageToken");
    expect(told.revisions).toMatchObject([
      { revision: "3" },
      { revision: "2", activator: { id: "bob\u202e" }, activateTime: "2026-11-24T10:00:00Z" },
      { revision: "1", activateTime: "2026-11-02T10:00:00Z", replaceTime: "2026-11-24T10:00:00Z" },
    ]);
    expect(asked.map(({ at: moment }) => moment?.moment.case)).toEqual(["time", "time", "time"]);
  });
});
