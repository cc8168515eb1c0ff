import { generateKeyPairSync } from "node:crypto";
import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import { inProcessCommands, type CommandBus, type CommandError } from "@countersign/bus";
import type { EventLog } from "@countersign/event-log";
import { encodeMessage } from "@countersign/events";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import {
  CommandSchema,
  EvaluateRequestSchema,
  EvaluateResponseSchema,
  type EvaluateRequest,
} from "@countersign/proto/internal/v1/command_pb";
import * as actions from "@countersign/proto/v1/action_service_pb";
import * as reviews from "@countersign/proto/v1/review_service_pb";
import type { Action } from "@countersign/proto/v1/action_pb";
import { readQuotas } from "@countersign/quotas";
import { sha256Hex, shownDigest, toReviewSource } from "@countersign/review-view";
import { silentLogger } from "@countersign/telemetry";
import { readGrantKeys } from "../adapters/grants/grant-keys.ts";
import { toPrincipalMessage } from "../adapters/wire/principal-message.ts";
import { encodedVerdict } from "../adapters/wire/verdict-message.ts";
import { approvalHandlers, wireUseCases, type CommandDeps } from "../app.ts";
import type { ApprovalConfig } from "../config.ts";
import type { Principal } from "../domain/principal.ts";
import type { Verdict } from "../domain/values.ts";
import type { Deps, OpenRequests, ReviewQuota } from "../usecases/ports.ts";
import { exporter, T0, verdict } from "./fixtures.ts";
import { memoryOpenRequests } from "./memory-open-requests.ts";

export const privatePem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();

export const config: ApprovalConfig = {
  grantKeys: readGrantKeys(privatePem),
  grantIssuer: "countersign.test",
  directory: { managedTenants: [], withoutDirectory: true, timeoutMs: 20_000 },
  issuers: [],
  policyTimeout: 20_000,
  verdictWait: 86_400_000,
  reportWait: 3_600_000,
  timerInterval: 20,
  cacheActions: 1000,
  cacheMegabytes: 8,
  quotas: readQuotas({}),
};

const METHODS = {
  RequestAction: [actions.RequestActionRequestSchema, actions.RequestActionResponseSchema],
  RequestAndWatch: [actions.RequestAndWatchRequestSchema, actions.RequestActionResponseSchema],
  AcceptEdit: [actions.AcceptEditRequestSchema, actions.AcceptEditResponseSchema],
  GetAction: [actions.GetActionRequestSchema, actions.GetActionResponseSchema],
  WatchAction: [actions.WatchActionRequestSchema, actions.WatchActionResponseSchema],
  CancelAction: [actions.CancelActionRequestSchema, actions.CancelActionResponseSchema],
  RedeemGrant: [actions.RedeemGrantRequestSchema, actions.RedeemGrantResponseSchema],
  ReportExecution: [actions.ReportExecutionRequestSchema, actions.ReportExecutionResponseSchema],
  EvaluateAction: [actions.EvaluateActionRequestSchema, actions.EvaluateActionResponseSchema],
  EraseContent: [actions.EraseContentRequestSchema, actions.EraseContentResponseSchema],
  GetGrantKeys: [actions.GetGrantKeysRequestSchema, actions.GetGrantKeysResponseSchema],
  GetReview: [reviews.GetReviewRequestSchema, reviews.GetReviewResponseSchema],
  BreakGlass: [reviews.BreakGlassRequestSchema, reviews.BreakGlassResponseSchema],
  CloseAfterReview: [reviews.CloseAfterReviewRequestSchema, reviews.CloseAfterReviewResponseSchema],
  AddComment: [reviews.AddCommentRequestSchema, reviews.AddCommentResponseSchema],
  ClaimReview: [reviews.ClaimReviewRequestSchema, reviews.ClaimReviewResponseSchema],
  ReleaseReview: [reviews.ReleaseReviewRequestSchema, reviews.ReleaseReviewResponseSchema],
  SubmitVote: [reviews.SubmitVoteRequestSchema, reviews.SubmitVoteResponseSchema],
} as const satisfies Record<string, readonly [DescMessage, DescMessage]>;

type Methods = typeof METHODS;
type RequestOf<Name extends keyof Methods> = MessageInitShape<Methods[Name][0]>;
type ResponseOf<Name extends keyof Methods> = MessageShape<Methods[Name][1]>;

/** Approval on a log, with a policy that says what the test wants, and a clock that the test sets. */
export type TestApproval = {
  readonly log: EventLog;
  readonly deps: Deps;
  readonly questions: EvaluateRequest[];
  now: number;
  /** What policy answers; undefined: nothing. */
  answer: Verdict | undefined;
  /** How policy fails instead. */
  failure: CommandError | undefined;
  call<Name extends keyof Methods>(method: Name, request: RequestOf<Name>, caller?: Principal): Promise<ResponseOf<Name>>;
};

/** Serves approval on a test's log, bus and clock; default: without timers. */
type Start = (parts: Pick<CommandDeps, "log" | "commands" | "config" | "logger"> & { readonly clock: () => Date }) => Promise<unknown>;

export async function testApproval(
  log: EventLog = createMemoryEventLog({ ledger: "main" }),
  start?: Start,
  openRequests: OpenRequests = memoryOpenRequests(),
  reviewQuota?: ReviewQuota,
): Promise<TestApproval> {
  const commands = inProcessCommands({ logger: silentLogger });
  const clock = (): Date => new Date(world.now);
  const deps = wireUseCases({ config, log, commands, logger: silentLogger, openRequests, clock, ...(reviewQuota && { reviewQuota }) });
  const world: TestApproval = {
    log,
    deps,
    questions: [],
    now: T0,
    answer: verdict("allow"),
    failure: undefined,
    call: (method, request, caller = exporter) => send(commands, method, request, caller),
  };
  if (start === undefined) await commands.serve("approval", approvalHandlers(deps, config));
  else await start({ log, commands, config, logger: silentLogger, clock });
  await commands.serve("policy", {
    Evaluate: async (command) => {
      world.questions.push(fromBinary(EvaluateRequestSchema, command.request));
      if (world.failure !== undefined) throw world.failure;
      if (world.answer === undefined) throw new Error("policy is not itself");
      const answer = { verdict: encodedVerdict(world.answer), policyDigest: new Uint8Array(32).fill(0x90) };
      return encodeMessage(EvaluateResponseSchema, answer);
    },
    EvaluateAction: async () => {
      if (world.answer === undefined) throw new Error("policy is not itself");
      return encodeMessage(actions.EvaluateActionResponseSchema, { verdict: encodedVerdict(world.answer), rules: [{ rule: "a" }] });
    },
  });
  return world;
}

async function send<Name extends keyof Methods>(
  commands: CommandBus,
  method: Name,
  request: RequestOf<Name>,
  caller: Principal,
): Promise<ResponseOf<Name>> {
  const [requestSchema, responseSchema]: Methods[Name] = METHODS[method];
  const body = toBinary<DescMessage>(requestSchema, create<DescMessage>(requestSchema, request));
  const command = create(CommandSchema, { caller: toPrincipalMessage(caller), request: body });
  const reply = await commands.send("approval", method, command, { timeoutMs: 30_000 });
  return fromBinary<Methods[Name][1]>(responseSchema, reply);
}

/** What a vote on this action, as it was shown, has to name. */
export function shownOf(action: Action) {
  const { id: actionId, digest, version } = action;
  return { actionId, digest, version, shownDigest: Buffer.from(shownDigest(toReviewSource(action), sha256Hex), "hex") };
}

export const exportInput = {
  subject: { type: "agent", id: "exporter", properties: { model: "m-1" } },
  action: { name: "db.export", properties: { table: "customers", limit: 10 } },
  resource: { type: "db", id: "crm", properties: { region: "eu" } },
  context: { environment: "production", justification: "asked by sales" },
};
