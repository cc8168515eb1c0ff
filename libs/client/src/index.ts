export type { OnQuestion } from "./answer-questions.ts";
export { createClient, digestOf, type ClientOptions, type CountersignClient, type Report } from "./client.ts";
export { CountersignError, fromServiceError, type FieldViolation } from "./countersign-error.ts";
export type { ActionInput } from "./plain-input.ts";
export { NotApprovedError, requireApproval } from "./require-approval.ts";
export type { Requested } from "./request-and-watch.ts";
export { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
export { createServiceClient, type ServiceClient } from "./service-client.ts";
export { createTransport, isLoopback, type CallOptions, type MessageStream, type Transport, type TransportOptions } from "./transport.ts";
export { isUndecided, type KnownAction } from "./known-action.ts";
export type { Decision } from "./wait-for-decision.ts";
export { statusName } from "./status-name.ts";
// What these signatures take and return. Every other message and service is in v1.ts.
export type { FsckListener } from "./operations.ts";
export type { JsonObject, JsonValue } from "@countersign/digest";
export { ActionStatus, type Action, type ActionState, type Comment } from "@countersign/proto/v1/action_pb";
export type { RedeemGrantResponse } from "@countersign/proto/v1/action_service_pb";
export type { Flaw, FsckResult, Progress, Rebuild } from "@countersign/proto/v1/audit_service_pb";
export { Durability } from "@countersign/proto/v1/durability_pb";
