import { openDatabase, type Database } from "@countersign/database";

/** A pool for crash tests: losing a connection that is in use must fail the query under way, not the process. */
export function openTestDatabase(url: string, maxConnections = 4, role?: null): Database {
  const database = openDatabase({ url, maxConnections, ...(role === null ? { role } : {}) });
  database.pool.on("connect", (client) => client.on("error", () => {}));
  return database;
}
