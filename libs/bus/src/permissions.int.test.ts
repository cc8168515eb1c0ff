import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { type NatsServer, startNatsServer } from "@countersign/testing";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { AckPolicy, jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connectNats, hasJetStream } from "./connect.ts";
import { openEventStream } from "./event-stream.ts";
import { natsCommands } from "./nats-commands.ts";
import { natsAccounts } from "./nats-accounts.ts";
import { ensureProgramConsumers } from "./program-consumers.ts";
import { BUS_USERS, type BusUserName } from "./permissions.ts";

const log = createMemoryEventLog({ ledger: "main" });

const USERS = Object.keys(BUS_USERS) as BusUserName[];
const PASSWORDS = { approval: "a", audit: "b", directory: "c", gateway: "d", notifier: "e", policy: "f", countersign: "g" };

const PROGRAM = { name: "pager", tenant: "acme", ledger: "main", password: "h" };
const STREAM = "CS_EVENTS_MAIN";
const DURABLE = "notifier-pager";
const EVENTS = "cs.evt.main.acme.action.*";

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
const allowed = (user: BusUserName | typeof DURABLE, act: "PUB" | "SUB", subject: string): Promise<boolean> =>
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
    const login = JSON.stringify({ user, pass: user === DURABLE ? PROGRAM.password : PASSWORDS[user], verbose: false });
    socket.write(`CONNECT ${login}\r\n${act} ${subject} ${act === "PUB" ? "0\r\n" : "1"}\r\nPING\r\n`);
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-nats-users-"));
  await writeFile(join(folder, "nats.conf"), natsAccounts({ prefix: "cs", ledgers: ["main"] }, PASSWORDS, [PROGRAM]));
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
    for (const asker of USERS) {
      const isAsked = Object.hasOwn(BUS_USERS[asker].sends, user);
      expect(await allowed(user, "PUB", `_INBOX.${asker}.x.y`), asker).toBe(isAsked);
    }
    for (const subject of [">", "cs.>", "cs.cmd.>", "_INBOX.>", "$JS.>"]) expect(await allowed(user, "SUB", subject), subject).toBe(false);
  });

  it.each<[BusUserName, string, boolean]>([
    ["gateway", "cs.cmd.approval.SubmitVote", true],
    ["gateway", "cs.cmd.audit.0b6e.NextPage", true],
    ["gateway", "$JS.API.STREAM.DELETE.CS_EVENTS_MAIN", false],
    // Or CountersignRelayBehind would know nothing.
    ["audit", "$JS.API.STREAM.INFO.CS_EVENTS_MAIN", true],
    ["audit", "$JS.API.STREAM.DELETE.CS_EVENTS_MAIN", false],
    ["approval", "cs.cmd.policy.Evaluate", true],
    ["approval", "cs.cmd.policy.EvaluateAction", true],
    ["approval", "cs.cmd.policy.ActivatePolicy", false],
    ["audit", "cs.cmd.policy.EvaluateRecorded", true],
    ["audit", "cs.cmd.policy.ActivatePolicy", false],
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
    expect(Buffer.from(await asking.send("audit", "GetTimeline", command, { timeoutMs: 20_000 })).toString()).toBe("answer");
    expect(Buffer.from(await asking.send("audit-0b6e", "NextPage", command, { timeoutMs: 20_000 })).toString()).toBe("page");
    await Promise.all(served.map((each) => each.close()));

    const stream = await openEventStream(await as("approval"), "cs", log, {});
    expect(await stream.ensure()).toBe(0);
    await expect(openEventStream(await as("policy"), "cs", log, {}).then((own) => own.ensure())).rejects.toThrow();
    await stream.remove();
  });
});

describe("a notifier that is a program of its own", () => {
  it.each([
    ["CONSUMER.CREATE", `${STREAM}.${DURABLE}.${EVENTS}`],
    ["CONSUMER.CREATE", `${STREAM}.${DURABLE}`],
    ["CONSUMER.CREATE", STREAM],
    ["CONSUMER.DURABLE.CREATE", `${STREAM}.${DURABLE}`],
    ["CONSUMER.DELETE", `${STREAM}.${DURABLE}`],
    ["CONSUMER.MSG.NEXT", `${STREAM}.notifier-other`],
    ["STREAM.UPDATE", STREAM],
    ["STREAM.MSG.GET", STREAM],
  ])("P3, P8: cannot ask JetStream for %s %s: whoever makes a consumer says where it pushes", async (call, of) => {
    expect(await allowed(DURABLE, "PUB", `$JS.API.${call}.${of}`)).toBe(false);
  });

  it("sends no command and hears no event beside its own", async () => {
    expect(await allowed(DURABLE, "PUB", "cs.cmd.approval.SubmitVote")).toBe(false);
    expect(await allowed(DURABLE, "PUB", "cs.evt.main.acme.action.ActionApproved")).toBe(false);
    for (const subject of ["cs.cmd.>", "cs.evt.>", "_INBOX.approval.>", "$JS.API.>"])
      expect(await allowed(DURABLE, "SUB", subject)).toBe(false);
    expect(await allowed(DURABLE, "PUB", `$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${DURABLE}`)).toBe(true);
  });

  it("P3: takes and acknowledges what the relay's consumer has for it, and has JetStream send nothing to a command's subject", async () => {
    const relay = await as("approval");
    const stream = await openEventStream(relay, "cs", log, {});
    await stream.ensure();
    const registered = { name: "pager", tenant: "acme", contract: 1, capabilities: ["show"], channels: [], ackSeconds: 30 };
    await ensureProgramConsumers(relay, { prefix: "cs", ledger: "main", programs: [registered] });
    for (const text of ["one", "two"]) await jetstream(relay).publish("cs.evt.main.acme.action.ActionRequested", text);
    const url = server.url.replace("//", `//${DURABLE}:${PROGRAM.password}@`);
    const program = await connectNats({ url, name: DURABLE });
    const misled: string[] = [];
    const all = relay.subscribe("cs.cmd.approval.>", { callback: (_error, message) => void misled.push(message.subject) });
    await relay.flush();
    const next = (reply: string): void =>
      program.publish(`$JS.API.CONSUMER.MSG.NEXT.${STREAM}.${DURABLE}`, JSON.stringify({ batch: 1, expires: 5_000_000_000 }), { reply });
    next("cs.cmd.approval.SubmitVote");
    const inbox = `_INBOX.${DURABLE}.x`;
    const messages = program.subscribe(inbox, { max: 1 });
    next(inbox);
    for await (const message of messages) {
      expect(message.string()).toBe("one");
      program.publish(message.reply ?? "", "+ACK");
    }
    await program.flush();
    const { consumers } = await jetstreamManager(relay, { checkAPI: false });
    await vi.waitUntil(async () => (await consumers.info(STREAM, DURABLE)).ack_floor.stream_seq === 1, { timeout: 20_000 });
    // What was to go astray came to nobody, and is not lost.
    expect(misled).toEqual([]);
    all.unsubscribe();
    // A consumer that pushes is not left alone.
    await consumers.delete(STREAM, DURABLE);
    const pushing = { name: DURABLE, durable_name: DURABLE, ack_policy: AckPolicy.Explicit, filter_subject: EVENTS };
    await consumers.add(STREAM, { ...pushing, deliver_subject: "cs.cmd.approval.SubmitVote" });
    await ensureProgramConsumers(relay, { prefix: "cs", ledger: "main", programs: [registered] });
    expect((await consumers.info(STREAM, DURABLE)).config.deliver_subject).toBeUndefined();
    await program.close();
    await stream.remove();
  });
});
