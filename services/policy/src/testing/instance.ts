import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { inProcessCommands, type EventFeed } from "@countersign/bus";
import type { DirectoryClientConfig } from "@countersign/directory-client";
import { EventLogError, type EventLog, type RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { CommandSchema, EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import * as proto from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType, type PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { silentLogger } from "@countersign/telemetry";
import { startPolicy } from "../app.ts";

export const issuer = "https://issuer.example";
export const admin: MessageInitShape<typeof PrincipalSchema> = {
  tenant: "acme",
  type: PrincipalType.HUMAN,
  issuer,
  id: "ada",
  roles: ["policy_admin"],
};
export const agent: MessageInitShape<typeof PrincipalSchema> = { tenant: "acme", type: PrincipalType.AGENT, issuer, id: "exporter" };
export const now = new Date("2026-11-23T10:00:00Z");
export const exportAction = {
  action: { name: "db.export" },
  resource: { type: "db.table", id: "customers" },
  context: { environment: "production" },
};
export const documentOf = (name: string, outcome = "allow") =>
  `apiVersion: countersign.dev/v1\nkind: Policy\nmetadata: { name: ${name} }\nrules: [{ name: all, outcome: ${outcome} }]\n`;

/** A log that can be made to fail, and that counts what is asked of it. */
function brittle(log: EventLog) {
  const state = { down: false, reads: 0 };
  const reach = () => {
    state.reads++;
    if (state.down) throw new EventLogError("unavailable", "down");
  };
  const wrapped: EventLog = {
    ...log,
    append: async (request) => (reach(), log.append(request)),
    readStream: async (stream, after) => (reach(), log.readStream(stream, after)),
    readContents: async (stream) => (reach(), log.readContents(stream)),
  };
  return { log: wrapped, state };
}

/** One instance of the service; its feed says nothing unless told to. */
export async function startInstance(
  inner: EventLog = createMemoryEventLog({ ledger: "main" }),
  directory: DirectoryClientConfig = { managedTenants: [], withoutDirectory: true, timeoutMs: 2000 },
) {
  const { log, state } = brittle({ ...inner, onCommitted: () => () => undefined });
  const commands = inProcessCommands({ logger: silentLogger });
  const listeners = new Set<(event: RecordedEvent) => void>();
  const feed: EventFeed = { subscribe: (listener) => (listeners.add(listener), () => listeners.delete(listener)) };
  const time = { ms: 0 };
  const service = await startPolicy({
    config: { maxAgeMs: 1000, cachedTenants: 100, directory },
    log,
    commands,
    feed,
    logger: silentLogger,
    clock: () => now,
    monotonicMs: () => time.ms,
  });
  running.push(service);
  const call = async <Request extends DescMessage, Response extends DescMessage>(
    method: string,
    caller: MessageInitShape<typeof PrincipalSchema> | undefined,
    request: [Request, MessageInitShape<Request>],
    response: Response,
  ): Promise<MessageShape<Response>> => {
    const command = create(CommandSchema, { ...(caller && { caller }), request: toBinary(request[0], create(request[0], request[1])) });
    return fromBinary(response, await commands.send("policy", method, command, { timeoutMs: 20_000 }));
  };
  const publish = (document: string, caller = admin) =>
    call("PublishPolicy", caller, [proto.PublishPolicyRequestSchema, { document }], proto.PublishPolicyResponseSchema);
  const activate = (revision: number, caller = admin) =>
    call("ActivatePolicy", caller, [proto.ActivatePolicyRequestSchema, { revision: BigInt(revision) }], proto.ActivatePolicyResponseSchema);
  const evaluate = (requester = agent, caller: MessageInitShape<typeof PrincipalSchema> | undefined = agent) =>
    call(
      "Evaluate",
      caller,
      [EvaluateRequestSchema, { requester, input: exportAction, time: timestampFromDate(now) }],
      EvaluateResponseSchema,
    );
  const tell = (event: RecordedEvent) => listeners.forEach((listener) => listener(event));
  return { inner, commands, state, time, call, publish, activate, evaluate, tell };
}

const running: { close(): Promise<void> }[] = [];

/** After each test. */
export async function stopInstances(): Promise<void> {
  for (const service of running.splice(0)) await service.close();
}
