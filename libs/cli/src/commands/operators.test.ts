import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { CommandError } from "@countersign/bus";
import { createRpcServer, type RunningRpcServer, type UnaryHandler } from "@countersign/grpc-kit";
import { AfterReviewFinding, ActionStatus } from "@countersign/proto/v1/action_pb";
import * as notifiers from "@countersign/proto/v1/notifier_service_pb";
import * as reviews from "@countersign/proto/v1/review_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { run } from "../program.ts";

/** What a terminal would obey. */
const HOSTILE = "\u001b[2J\u202egone\nslack  working";
const DIGEST = new Uint8Array(32).fill(0xd1);
const SHOWN = new Uint8Array(32).fill(0x61);

let server: RunningRpcServer;
/** What the server was asked, as messages, and what it answers. */
let asked: (readonly [method: string, request: unknown])[];
let refused: CommandError | undefined;
const retried = { retried: 1n };

const method = <Response extends DescMessage>(
  name: string,
  request: DescMessage,
  response: Response,
  answer: MessageInitShape<Response>,
): UnaryHandler => {
  return async (bytes) => {
    asked.push([name, fromBinary(request, Uint8Array.from(bytes))]);
    if (refused !== undefined) throw refused;
    return toBinary<DescMessage>(response, create<DescMessage>(response, answer));
  };
};

beforeAll(async () => {
  const rpc = createRpcServer({ logger: silentLogger, limits: { drainMs: 100 } });
  const action = { id: "a1", tenant: "acme", status: ActionStatus.IN_REVIEW, version: 7n, digest: DIGEST };
  const unanswered: UnaryHandler = async () => new Uint8Array();
  rpc.add(reviews.ReviewService, {
    listReviews: unanswered,
    submitVote: unanswered,
    addComment: unanswered,
    claimReview: unanswered,
    releaseReview: unanswered,
    getReview: method("GetReview", reviews.GetReviewRequestSchema, reviews.GetReviewResponseSchema, { action, shownDigest: SHOWN }),
    breakGlass: method("BreakGlass", reviews.BreakGlassRequestSchema, reviews.BreakGlassResponseSchema, {
      action: { ...action, status: ActionStatus.APPROVED },
    }),
    closeAfterReview: method("CloseAfterReview", reviews.CloseAfterReviewRequestSchema, reviews.CloseAfterReviewResponseSchema, {
      action: { ...action, status: ActionStatus.SUCCEEDED },
    }),
  });
  rpc.add(notifiers.NotifierService, {
    listNotifiers: method("ListNotifiers", notifiers.ListNotifiersRequestSchema, notifiers.ListNotifiersResponseSchema, {
      notifiers: [
        { name: "team-slack", kind: "slack", capabilities: ["show", "answer"], waiting: 2n, failed: 1n, problem: HOSTILE },
        { name: "pager", kind: "program", channels: ["urgent"] },
      ],
    }),
    listDeliveries: method("ListDeliveries", notifiers.ListDeliveriesRequestSchema, notifiers.ListDeliveriesResponseSchema, {
      deliveries: [{ id: 12n, channel: "team-slack", actionId: "a1", eventType: "ReviewOpened", attempts: 9, error: HOSTILE }],
    }),
    retryDeliveries: method("RetryDeliveries", notifiers.RetryDeliveriesRequestSchema, notifiers.RetryDeliveriesResponseSchema, retried),
  });
  server = await rpc.listen("127.0.0.1", 0);
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  refused = undefined;
  retried.retried = 1n;
});

async function cli(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ["", ""];
  const io = {
    out: { write: (text: string) => (out += text), columns: 200 },
    env: { COUNTERSIGN_ADDRESS: `127.0.0.1:${server.port}`, COUNTERSIGN_TOKEN: "t" },
    signal: new AbortController().signal,
  };
  const code = await run(args, io, { write: (text: string) => (err += text) });
  expect(out + err).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
  return { code, out, err };
}

describe("break-glass", () => {
  const REASON = ["--reason", "nobody answers, and it burns"];

  it("names what the server shows now: digest, version and view", async () => {
    const { code, out } = await cli("break-glass", "a1", ...REASON);
    expect([code, out]).toEqual([0, expect.stringMatching(/^status +APPROVED$/m)]);
    const named = { actionId: "a1", digest: DIGEST, version: 7n, shownDigest: SHOWN, reason: REASON[1] };
    expect(asked).toMatchObject([
      ["GetReview", { actionId: "a1" }],
      ["BreakGlass", named],
    ]);
  });

  it("names the digest that its caller was shown before", async () => {
    await cli("break-glass", "a1", ...REASON, "--digest", "ab".repeat(32));
    expect(asked[1]).toMatchObject(["BreakGlass", { digest: new Uint8Array(32).fill(0xab) }]);
  });

  it("P7: asks for a reason, and says why it was refused", async () => {
    const bare = await cli("break-glass", "a1");
    expect([bare.code, bare.err]).toEqual([2, expect.stringContaining("--reason")]);
    expect(await cli("break-glass", "a1", ...REASON, "--digest", "ab")).toMatchObject({ code: 2 });
    expect(asked).toEqual([]);
    refused = new CommandError("PERMISSION_DENIED", "SIGN_IN_TOO_WEAK", "no");
    const { code, out, err } = await cli("break-glass", "a1", ...REASON);
    expect([code, out, err]).toEqual([1, "", expect.stringContaining("SIGN_IN_TOO_WEAK")]);
  });
});

describe("close-after-review", () => {
  it.each([
    ["justified", AfterReviewFinding.JUSTIFIED],
    ["not-justified", AfterReviewFinding.NOT_JUSTIFIED],
  ])("says that it was %s", async (word, finding) => {
    const { code, out } = await cli("close-after-review", "a1", "--finding", word, "--reason", "as it was");
    expect([code, out]).toEqual([0, expect.stringMatching(/^status +SUCCEEDED$/m)]);
    expect(asked).toMatchObject([["CloseAfterReview", { actionId: "a1", finding, reason: "as it was" }]]);
  });

  it("P7: takes no other finding, and none without a reason", async () => {
    expect(await cli("close-after-review", "a1", "--finding", "fine", "--reason", "x")).toMatchObject({ code: 2 });
    expect(await cli("close-after-review", "a1", "--finding", "justified")).toMatchObject({ code: 2 });
    expect(await cli("close-after-review", "a1", "--reason", "x")).toMatchObject({ code: 2 });
    expect(asked).toEqual([]);
  });
});

describe("notifiers", () => {
  it("shows who tells reviewers, and what keeps them from it, harmless", async () => {
    const { code, out } = await cli("notifiers");
    expect(code).toBe(0);
    expect(out.trimEnd().split("\n")).toHaveLength(3);
    expect(out).toMatch(/^team-slack +slack +show answer +2 +1 +.*gone/m);
    expect(out).toMatch(/^pager +program +urgent +0 +0/m);
  });

  it("prints ProtoJSON for programs", async () => {
    const { out } = await cli("notifiers", "--json");
    expect(JSON.parse(out)).toMatchObject({ notifiers: [{ name: "team-slack", waiting: "2" }, { name: "pager" }] });
  });
});

describe("deliveries", () => {
  it("shows what was given up, of one channel or of all, harmless", async () => {
    const { code, out } = await cli("deliveries", "list", "--channel", "team-slack");
    expect([code, out]).toEqual([0, expect.stringMatching(/^12 +team-slack +a1 +ReviewOpened +9 /m)]);
    await cli("deliveries", "list");
    expect(asked).toMatchObject([
      ["ListDeliveries", { channel: "team-slack" }],
      ["ListDeliveries", { channel: "" }],
    ]);
  });

  it("gives all of a channel, or one, another round", async () => {
    expect(await cli("deliveries", "retry", "team-slack")).toMatchObject({ code: 0, out: "1 tried again\n" });
    await cli("deliveries", "retry", "team-slack", "--id", "12");
    expect(asked).toMatchObject([
      ["RetryDeliveries", { channel: "team-slack", ids: [] }],
      ["RetryDeliveries", { channel: "team-slack", ids: [12n] }],
    ]);
  });

  it("P7: says that there is no such channel, and which there are; one without anything to do is no error", async () => {
    retried.retried = 0n;
    const nowhere = { code: 1, out: "", err: 'there is no channel "team-slak"; there are team-slack\n' };
    expect(await cli("deliveries", "retry", "team-slak")).toEqual(nowhere);
    expect(await cli("deliveries", "retry", "pager", "--json")).toMatchObject({ code: 1, out: "" });
    const idle = { code: 0, out: "0 tried again: nothing was waiting under that name\n" };
    expect(await cli("deliveries", "retry", "team-slack")).toMatchObject(idle);
  });

  it.each(["-1", "twelve", "1.5"])("asks nobody to retry delivery %s", async (id) => {
    expect(await cli("deliveries", "retry", "team-slack", "--id", id)).toMatchObject({ code: 2 });
    expect(asked).toEqual([]);
  });

  it("exits with 1 when it is refused", async () => {
    refused = new CommandError("PERMISSION_DENIED", "ROLE_MISSING", "no");
    const { code, err } = await cli("deliveries", "list");
    expect([code, err]).toEqual([1, expect.stringContaining("ROLE_MISSING")]);
  });

  it("says all that a refusal says, and nothing twice", async () => {
    refused = new CommandError("FAILED_PRECONDITION", "EDIT_NOT_ALLOWED", "see the metadata", { metadata: { members: "table" } });
    expect((await cli("deliveries", "list")).err).toBe("FAILED_PRECONDITION EDIT_NOT_ALLOWED: see the metadata\n  members: table\n");
    const violations = [{ field: "name", description: "must be known" }];
    refused = new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "name must be known", { violations });
    expect((await cli("deliveries", "list")).err).toBe("INVALID_ARGUMENT FIELD_VIOLATION: name must be known\n");
    refused = new CommandError("NOT_FOUND", "NOT_FOUND", "There is none.");
    expect((await cli("deliveries", "list")).err).toBe("NOT_FOUND: There is none.\n");
  });
});
