export { copyOut, quoted } from "./copy-out.ts";
export type { CopyField } from "./copy-fields.ts";
export { CALL_WAIT_MS, connectionConfig, openDatabase, type Database, type DatabaseOptions } from "./database.ts";
export { migrate, NewerSchemaError, sqlMigration, type MigrationSet, type SqlMigration } from "./migrate.ts";
export { ERASER_ROLE, SERVICE_ROLE, serviceRole, type ServiceName } from "./roles.ts";
