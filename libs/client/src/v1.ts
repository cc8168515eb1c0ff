// Every message, enum and service of the API, as generated from proto/countersign/v1: for what `client.reviews`, `client.audit` and the others take and return.
export * from "@countersign/proto/v1/action_pb";
export * from "@countersign/proto/v1/action_service_pb";
export * from "@countersign/proto/v1/at_pb";
export * from "@countersign/proto/v1/audit_service_pb";
export * from "@countersign/proto/v1/directory_service_pb";
export * from "@countersign/proto/v1/durability_pb";
export * from "@countersign/proto/v1/erasure_pb";
export * from "@countersign/proto/v1/export_format_pb";
export * from "@countersign/proto/v1/notifier_service_pb";
export * from "@countersign/proto/v1/policy_service_pb";
export * from "@countersign/proto/v1/principal_pb";
export * from "@countersign/proto/v1/review_service_pb";
