import { openDatabase, type Database } from "@countersign/database";

/** A small pool, exactly as services open theirs: what crash tests do to it would happen to them. */
export function openTestDatabase(url: string, maxConnections = 4, role?: null): Database {
  return openDatabase({ url, maxConnections, ...(role === null ? { role } : {}) });
}
