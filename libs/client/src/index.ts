export type { OnQuestion } from "./answer-questions.ts";
export { createClient, digestOf, type ActionInput, type ClientOptions, type CountersignClient, type Report } from "./client.ts";
export { CountersignError, fromServiceError, type FieldViolation } from "./countersign-error.ts";
export { NotApprovedError, requireApproval } from "./require-approval.ts";
export { DEFAULT_RETRY, type RetryPolicy } from "./retry.ts";
export { createServiceClient, type ServiceClient } from "./service-client.ts";
export { createTransport, type CallOptions, type Transport, type TransportOptions } from "./transport.ts";
export { isUndecided, type Decision } from "./wait-for-decision.ts";
export { statusName } from "./status-name.ts";
