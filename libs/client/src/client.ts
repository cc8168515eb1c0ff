import { randomUUID } from "node:crypto";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { actionDigest, type JsonObject } from "@countersign/digest";
import { ExecutionOutcome, type Action, type ActionState } from "@countersign/proto/v1/action_pb";
import { ActionService, type RedeemGrantResponse } from "@countersign/proto/v1/action_service_pb";
import { AuditService, type FsckResult, type Progress, type Rebuild } from "@countersign/proto/v1/audit_service_pb";
import { DirectoryService } from "@countersign/proto/v1/directory_service_pb";
import { Durability } from "@countersign/proto/v1/durability_pb";
import { NotifierService } from "@countersign/proto/v1/notifier_service_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import { answerQuestions, type OnQuestion } from "./answer-questions.ts";
import { fsck, rebuild, type FsckListener } from "./operations.ts";
import { plainInput, type ActionInput } from "./plain-input.ts";
import { checkActionId, checkDigest, checkGrantToken, checkOptions, checkReport, checkWait } from "./check-arguments.ts";
import { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
import { createServiceClient, type ServiceClient } from "./service-client.ts";
import { createTransport, type CallOptions, type TransportOptions } from "./transport.ts";
import { requestAndWatch, type Requested } from "./request-and-watch.ts";
import { waitForDecision, type Decision } from "./wait-for-decision.ts";

export type ClientOptions = TransportOptions & { readonly retry?: RetryPolicy };

/** How an execution went, for the report. */
export type Report = {
  readonly outcome: "succeeded" | "failed";
  /** SHA-256 of the output, 32 bytes. */
  readonly outputDigest?: Uint8Array;
  readonly message?: string;
  /** How firm the record must be before the call is answered. */
  readonly durability?: Durability;
};

/** Countersign as a platform uses it. The services themselves are there as well, for everything else. */
export type CountersignClient = {
  readonly actions: ServiceClient<typeof ActionService>;
  readonly reviews: ServiceClient<typeof ReviewService>;
  readonly policies: ServiceClient<typeof PolicyService>;
  readonly directory: ServiceClient<typeof DirectoryService>;
  readonly audit: ServiceClient<typeof AuditService>;
  readonly notifiers: ServiceClient<typeof NotifierService>;
  /**
   * Asks for an action; the reply is allowed (with a token), denied or in review. Safe to repeat with the same key: it is one action,
   * told as it was then; with `waitMs`, as it is now.
   * What is no JSON, or no part of an action, is refused with a TypeError that names it: nobody would be shown it.
   * @param options.idempotencyKey default: a new one, so each call is an action of its own.
   * @param options.waitMs how long the server may wait for a human, at most 300,000.
   */
  requestAction(
    input: ActionInput,
    options?: CallOptions & { readonly idempotencyKey?: string; readonly waitMs?: number },
  ): Promise<Decision<Action>>;
  /**
   * Asks as `requestAction` does, resolves as soon as the action is recorded, and has its decision to wait for with it: one call for whoever waits for
   * people. Aborting `signal` ends both.
   * @param options.timeoutMs until it is recorded; the decision may take as long as it likes.
   * @param options.onQuestion answers what reviewers ask while the decision is waited for.
   */
  requestAndWatch(
    input: ActionInput,
    options?: CallOptions & { readonly idempotencyKey?: string; readonly onQuestion?: OnQuestion },
  ): Promise<Requested>;
  /**
   * Waits until the action is decided, however long it takes, across broken connections and restarts of the server.
   * @param options.onQuestion answers what reviewers ask meanwhile.
   */
  waitForDecision(
    actionId: string,
    options?: { readonly afterVersion?: bigint; readonly signal?: AbortSignal; readonly onQuestion?: OnQuestion },
  ): Promise<Decision>;
  /** Takes the form that a reviewer made of the action for one's own: the digest of what one would then run, by `digestOf`. */
  acceptEdit(actionId: string, digest: Uint8Array, options?: CallOptions): Promise<Decision>;
  /** Uses the grant for exactly this digest, once, and resolves with the receipt. Run the action after this, not before. */
  redeem(
    grantToken: string,
    digest: Uint8Array,
    options?: CallOptions & { readonly idempotencyKey?: string; readonly durability?: Durability },
  ): Promise<RedeemGrantResponse>;
  /** Says how it went. */
  report(actionId: string, report: Report, options?: CallOptions): Promise<ActionState>;
  /** For ledger operators: has everything that is kept checked, and resolves when all is checked. Flaws come as they are found; `flaws` of the result counts them. */
  fsck(listener?: FsckListener, options?: CallOptions): Promise<FsckResult>;
  /** For ledger operators: has one projection (all, without a name) built anew and switched to. */
  rebuild(name?: string, onProgress?: (progress: Progress) => void, options?: CallOptions): Promise<readonly Rebuild[]>;
  close(): void;
};

/** @throws TypeError without an address or a token, as when an environment variable is not set. */
export function createClient(options: ClientOptions): CountersignClient {
  checkOptions(options);
  const transport = createTransport(options);
  const actions = createServiceClient(ActionService, transport, options.retry);
  const reviews = createServiceClient(ReviewService, transport, options.retry);
  const audit = createServiceClient(AuditService, transport, options.retry);
  return {
    actions,
    reviews,
    policies: createServiceClient(PolicyService, transport, options.retry),
    directory: createServiceClient(DirectoryService, transport, options.retry),
    notifiers: createServiceClient(NotifierService, transport, options.retry),
    audit,
    requestAction: async (input, { idempotencyKey = randomUUID(), waitMs = 0, ...call } = {}) => {
      checkWait(waitMs);
      const timeoutMs = call.timeoutMs ?? waitMs + 30_000;
      const wait = waitMs > 0 ? { wait: durationFromMs(waitMs) } : {};
      const reply = await actions.requestAction({ input: toMessage(plainInput(input)), idempotencyKey, ...wait }, { ...call, timeoutMs });
      return { action: present(reply.action), grantToken: reply.grantToken };
    },
    requestAndWatch: async (input, { idempotencyKey = randomUUID(), onQuestion, ...call } = {}) => {
      const onAction = onQuestion && answerQuestions(reviews, onQuestion);
      const request = { input: toMessage(plainInput(input)), idempotencyKey };
      return await requestAndWatch({ transport, actions, retry: options.retry ?? DEFAULT_RETRY }, request, { ...call, onAction });
    },
    waitForDecision: async (actionId, { onQuestion, ...wait } = {}) => {
      checkActionId(actionId);
      const onAction = onQuestion && answerQuestions(reviews, onQuestion);
      return await waitForDecision(actions, actionId, { ...wait, onAction });
    },
    acceptEdit: async (actionId, digest, call) => {
      checkActionId(actionId);
      checkDigest(digest);
      const { action, grantToken } = await actions.acceptEdit({ actionId, digest }, call);
      return { action: present(action), grantToken };
    },
    redeem: async (grantToken, digest, { idempotencyKey = randomUUID(), durability = Durability.UNSPECIFIED, ...call } = {}) => {
      checkGrantToken(grantToken);
      checkDigest(digest);
      return await actions.redeemGrant({ grantToken, digest, idempotencyKey, durability }, call);
    },
    report: async (actionId, report, call) => {
      checkActionId(actionId);
      checkReport(report);
      const outcome = report.outcome === "succeeded" ? ExecutionOutcome.SUCCEEDED : ExecutionOutcome.FAILED;
      const { outputDigest = new Uint8Array(), message = "", durability = Durability.UNSPECIFIED } = report;
      return present((await actions.reportExecution({ actionId, outcome, outputDigest, message, durability }, call)).action);
    },
    fsck: (listener = {}, call) => fsck(audit, listener, call),
    rebuild: (name = "", onProgress = () => {}, call = {}) => rebuild(audit, name, onProgress, call),
    close: () => transport.close(),
  };
}

/**
 * The digest of what is about to run, as the grant must name it. An action, or its state, supplies tenant, salt and binding members.
 * @throws TypeError for what is no JSON, or no part of an action, as `requestAction` does
 */
export function digestOf(
  { tenant, salt, bindingContext }: Pick<ActionState, "tenant" | "salt" | "bindingContext">,
  input: ActionInput,
): Uint8Array {
  try {
    return actionDigest(salt, { ...input, tenant }, bindingContext);
  } catch (error) {
    // It knows the member, and is not asked for every digest.
    plainInput(input);
    throw error;
  }
}

function toMessage(input: ActionInput) {
  const { subject, action, resource, context = {} } = input;
  const withProperties = <Part extends { readonly properties?: JsonObject | undefined }>(part: Part) => ({
    ...part,
    properties: part.properties ?? {},
  });
  return { subject: withProperties(subject), action: withProperties(action), resource: withProperties(resource), context };
}

function present<Told>(action: Told | undefined): Told {
  if (action === undefined) throw new Error("the server's reply holds no action");
  return action;
}
