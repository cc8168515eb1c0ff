export { startApproval, type ApprovalDeps } from "./app.ts";
export { readApprovalConfig, type ApprovalConfig } from "./config.ts";
export { approvalMigrations } from "./adapters/postgres/migrations.ts";
export { readGrantKeys, type GrantKeys } from "./adapters/grants/grant-keys.ts";
