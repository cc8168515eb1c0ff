import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { silentLogger } from "@countersign/telemetry";
import { type NatsServer, startNatsServer } from "@countersign/testing";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectNats, hasJetStream } from "./connect.ts";
import { openEventStream } from "./event-stream.ts";
import { natsCommands } from "./nats-commands.ts";
import { BUS_USERS, type BusUserName, natsAuthorization } from "./permissions.ts";

const USERS = Object.keys(BUS_USERS) as BusUserName[];
const PASSWORDS = { approval: "a", audit: "b", directory: "c", gateway: "d", notifier: "e", policy: "f", countersign: "g" };

let folder: string;
let server: NatsServer;
const connections = new Map<string, NatsConnection>();

const as = async (user: keyof typeof PASSWORDS): Promise<NatsConnection> => {
  const url = server.url.replace("//", `//${user}:${PASSWORDS[user]}@`);
  const connection = connections.get(user) ?? (await connectNats({ url, name: user }));
  connections.set(user, connection);
  return connection;
};
/** Whether the server lets it: what it refuses it says before it answers the ping. */
const allowed = (user: BusUserName, act: "PUB" | "SUB", subject: string): Promise<boolean> =>
  new Promise((resolve, reject) => {
    const socket = connect(server.port, "127.0.0.1");
    let heard = "";
    socket.on("data", (chunk) => {
      heard += chunk.toString();
      if (!heard.includes("PONG")) return;
      socket.destroy();
      resolve(!heard.includes("Permissions Violation"));
    });
    socket.on("error", reject);
    const login = JSON.stringify({ user, pass: PASSWORDS[user], verbose: false });
    socket.write(`CONNECT ${login}\r\n${act} ${subject} ${act === "PUB" ? "0\r\n" : "1"}\r\nPING\r\n`);
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-nats-users-"));
  await writeFile(join(folder, "nats.conf"), natsAuthorization({ prefix: "cs", ledgers: ["main"] }, PASSWORDS));
  server = await startNatsServer({ storeDir: join(folder, "data"), configFile: join(folder, "nats.conf") });
});
afterAll(async () => {
  await Promise.all([...connections.values()].map((connection) => connection.close()));
  await server.stop();
  await rm(folder, { recursive: true });
});

describe("users of NATS", () => {
  it("are needed", async () => {
    await expect(connectNats({ url: server.url, name: "nobody" })).rejects.toThrow(/Authorization/i);
    const url = server.url.replace("//", "//policy:wrong@");
    await expect(connectNats({ url, name: "policy" })).rejects.toThrow(/Authorization/i);
  });

  it.each(USERS)("P1: only approval publishes events, and %s listens to no other's commands and replies", async (user) => {
    expect(await hasJetStream(await as(user))).toBe(true);
    expect(await allowed(user, "PUB", "cs.evt.main.acme.action.ActionApproved")).toBe(user === "approval");
    for (const other of USERS) {
      expect(await allowed(user, "SUB", `cs.cmd.${other}.*`), other).toBe(user === other && BUS_USERS[user].serves);
      expect(await allowed(user, "SUB", `_INBOX.${other}.>`), other).toBe(user === other);
    }
    for (const subject of [">", "cs.>", "cs.cmd.>", "_INBOX.>", "$JS.>"]) expect(await allowed(user, "SUB", subject), subject).toBe(false);
  });

  it.each<[BusUserName, string, boolean]>([
    ["gateway", "cs.cmd.approval.SubmitVote", true],
    ["gateway", "cs.cmd.audit.0b6e.NextPage", true],
    ["gateway", "$JS.API.STREAM.DELETE.CS_EVENTS_MAIN", false],
    ["approval", "cs.cmd.policy.Evaluate", true],
    ["approval", "cs.cmd.policy.ActivatePolicy", false],
    ["policy", "cs.cmd.approval.SubmitVote", false],
    ["policy", "cs.wake.main", true],
    ...["DiscussFromChat", "GetActionForChannel", "GetReviewFromPage", "SubmitVoteFromChat", "SubmitVoteFromPage"].map(
      (method): [BusUserName, string, boolean] => ["notifier", `cs.cmd.approval.${method}`, true],
    ),
    // P3: these believe who the command says calls.
    ...["SubmitVote", "GetAction", "GetReview", "BreakGlass", "CloseAfterReview", "RedeemGrant"].map(
      (method): [BusUserName, string, boolean] => ["notifier", `cs.cmd.approval.${method}`, false],
    ),
    ["notifier", "cs.wake.main", false],
    ["directory", "cs.cmd.approval.GetAction", false],
    ["approval", "$JS.API.STREAM.DELETE.OTHERS", false],
    ["approval", "cs.cmd.directory.ResolvePerson", true],
    ["notifier", "cs.cmd.directory.OfferLink", true],
    // The front door's alone: whoever sends these says whose delegation, link or absence it is.
    ...(["approval", "audit", "notifier", "policy"] as const).flatMap((user) =>
      ["CreateDelegation", "LinkAccount", "SetAway"].map((method): [BusUserName, string, boolean] => [
        user,
        `cs.cmd.directory.${method}`,
        false,
      ]),
    ),
  ])("P7: %s publishes %s: %s", async (user, subject, may) => {
    expect(await allowed(user, "PUB", subject)).toBe(may);
  });

  it("a service hears events of its own kinds of streams", async () => {
    expect(await allowed("policy", "SUB", "cs.evt.main.*.policy.*")).toBe(true);
    expect(await allowed("policy", "SUB", "cs.evt.main.*.action.*")).toBe(false);
    expect(await allowed("directory", "SUB", "cs.evt.main.*.action.*")).toBe(false);
    expect(await allowed("gateway", "SUB", "cs.evt.main.acme.*.*")).toBe(true);
  });

  it("is enough for commands, for one instance of a service, and for the relay", async () => {
    const options = { prefix: "cs", logger: silentLogger };
    const [asking, serving] = [natsCommands(await as("gateway"), options), natsCommands(await as("audit"), options)];
    const answer = { GetTimeline: async () => Buffer.from("answer"), NextPage: async () => Buffer.from("page") };
    const served = [await serving.serve("audit", answer), await serving.serve("audit-0b6e", answer)];
    const command = create(CommandSchema, {});
    expect(Buffer.from(await asking.send("audit", "GetTimeline", command, { timeoutMs: 3000 })).toString()).toBe("answer");
    expect(Buffer.from(await asking.send("audit-0b6e", "NextPage", command, { timeoutMs: 3000 })).toString()).toBe("page");
    await Promise.all(served.map((each) => each.close()));

    const stream = await openEventStream(await as("approval"), "cs", "main", {});
    expect(await stream.ensure()).toBe(0);
    await expect(openEventStream(await as("policy"), "cs", "main", {}).then((own) => own.ensure())).rejects.toThrow();
    await stream.remove();
  });
});
