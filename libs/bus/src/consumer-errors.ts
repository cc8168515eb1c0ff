/** Another instance has moved the checkpoint: it has the lease now. The transaction is rolled back. */
export class StaleCheckpoint extends Error {
  override readonly name = "StaleCheckpoint";
}

/**
 * Whether an error says something about the event (a poison message) or about the world: a lost connection, a restarting database, a lock or
 * serialization failure, a full disk. The latter pass, so they are retried for ever and never make a dead letter.
 */
export function isInfrastructureError(error: unknown): boolean {
  for (const each of causesOf(error)) {
    if (each instanceof StaleCheckpoint) return true;
    const code = codeOf(each);
    if (code !== undefined && (PASSING_CODES.has(code) || PASSING_CLASSES.some((prefix) => SQLSTATE.test(code) && code.startsWith(prefix))))
      return true;
    if ("syscall" in each && each.syscall === "connect") return true;
    if (PASSING_MESSAGES.test(each.message)) return true;
  }
  return false;
}

/**
 * Whether Postgres stopped a statement as it took longer than `statement_timeout`, or because somebody asked it to. It may say how much was to be done at once; of an
 * event it says nothing, as the machine may be busy, or a lock held.
 */
export function isStatementTimeout(error: unknown): boolean {
  return causesOf(error).some((each) => codeOf(each) === "57014");
}

/** The errors of events that a newer build wrote, by their names: this build will not know them however often it looks, and another does. */
export const OF_NEWER_BUILDS: readonly string[] = ["UnknownEventError", "UnreadableEventError"];

/** What may be stored and logged about an error: its kind, never its message, which can quote what people typed. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return "an error that is no Error";
  const details = ["code", "schema", "table", "constraint"].map((name): unknown => Reflect.get(error, name));
  return [error.name, ...details].filter((part) => typeof part === "string" && PLAIN.test(part)).join(" ") || "Error";
}

/** Where an error came from, without its message. */
export function framesOf(error: unknown): readonly string[] {
  const lines = error instanceof Error ? (error.stack ?? "").split("\n") : [];
  return lines
    .filter((line) => /^ {4}at /.test(line))
    .slice(0, 8)
    .map((line) => line.trim());
}

function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let each = error; each instanceof Error && causes.length < 5; each = each.cause) causes.push(each);
  return causes;
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}

const SQLSTATE = /^[0-9A-Z]{5}$/;
const PLAIN = /^[\w.-]{1,80}$/;
// Connection, transaction rollback, resources, operator intervention, system error.
const PASSING_CLASSES = ["08", "40", "53", "57", "58"];
const PASSING_CODES = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  // Lock timeout; a transaction that a session timeout ended; a standby after failover.
  "55P03",
  "25P03",
  "25006",
  // EventLogError: the log could not be read, or an append waited for longer than its caller.
  "unavailable",
  "too_late",
  "outcome_unknown",
]);
// pg has no codes for these.
const PASSING_MESSAGES =
  /^(Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Query read timeout|Cannot use a pool after calling end)/;
