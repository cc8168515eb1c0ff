import { CommandError, type FailureCode, type FailureReason } from "@countersign/bus";
import { EventLogError } from "@countersign/event-log";
import { EvidenceError } from "@countersign/evidence";
import { NotSealedError } from "../../export/export-archive.ts";
import { CannotFoldError, RebuildUnderWayError } from "../../rebuild/compare-projection.ts";
import { NothingToBegin } from "../../sealing/new-epoch.ts";

/** What callers are told of errors that are theirs to know; any other one stays what it is. */
export function asRefusal(error: unknown): unknown {
  // Without a cause: an answer to who asked, and nothing that went wrong here.
  if (error instanceof NothingToBegin) return new CommandError("FAILED_PRECONDITION", "WRONG_STATE", error.message);
  if (error instanceof NotSealedError) return caused(error, "UNAVAILABLE", "NOT_SEALED");
  if (error instanceof RebuildUnderWayError) return caused(error, "ABORTED", "LOST_RACE");
  if (error instanceof CannotFoldError || error instanceof EvidenceError) return caused(error, "FAILED_PRECONDITION", "WRONG_STATE");
  if (error instanceof EventLogError && error.code === "unavailable")
    return caused(error, "UNAVAILABLE", "LOG_UNREACHABLE", "the event log cannot be read now");
  return error;
}

function caused(cause: Error, code: FailureCode, reason: FailureReason, message = cause.message): CommandError {
  return new CommandError(code, reason, message, { cause });
}
