import { migrate } from "@countersign/database";
import { ALL_MIGRATIONS } from "./migrations.ts";

// Run once before services of a new version start: `COUNTERSIGN_DATABASE_URL=... node deploy/server/src/migrate.ts`, as the schemas' owner.
const url = process.env["COUNTERSIGN_DATABASE_URL"];
if (url === undefined) {
  process.stderr.write("COUNTERSIGN_DATABASE_URL is required: the PostgreSQL to migrate, as the schemas' owner\n");
  process.exit(1);
}
await migrate(url, ALL_MIGRATIONS);
process.stdout.write("the database is up to date\n");
