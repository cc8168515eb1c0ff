export { startAudit, type AuditDeps, type RunningAudit } from "./app.ts";
export { readAuditConfig, type AuditConfig } from "./config.ts";
export { repairLedgerTiles, type RepairOptions } from "./sealing/repair-ledger.ts";
export { RepairRefusedError, type Repair } from "./sealing/repair-tiles.ts";
export { auditMigrations } from "./migrations.ts";
