export { startAudit, type AuditDeps, type RunningAudit } from "./app.ts";
export { readAuditConfig, type AuditConfig } from "./config.ts";
export { auditMigrations } from "./migrations.ts";
