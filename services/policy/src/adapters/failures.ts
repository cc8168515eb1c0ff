import { CommandError } from "@countersign/bus";
import { corruptionIn } from "@countersign/event-log";
import type { Problem } from "./problem.ts";
import { PolicyStoreError } from "../usecases/policy-store.ts";

/** `revision` undefined: the one in force. `newest` is 0 where there is none at all. */
export function unknownRevision(revision: bigint | undefined, newest: number): CommandError {
  const missing = revision === undefined ? "no policy is in force" : `there is no policy revision ${revision}`;
  return new CommandError("NOT_FOUND", "NOT_FOUND", `${missing}; ${newest === 0 ? "none was published yet" : `the newest is ${newest}`}`);
}

/** How a change that was refused is told. */
export function refusal(code: "unusable_revision" | "lost_race"): CommandError {
  switch (code) {
    case "unusable_revision":
      return new CommandError(
        "FAILED_PRECONDITION",
        "WRONG_STATE",
        "the revision's document was erased or does not compile with this build; publish it again",
      );
    case "lost_race":
      return new CommandError("ABORTED", "LOST_RACE", "others changed the policy at the same time; try again");
  }
}

/** Every problem of a document as a field violation. */
export function documentRefusal(problems: readonly Problem[]): CommandError {
  const violations = problems.map(({ path, message, line }) => ({
    field: path === "" ? "document" : path,
    description: line === undefined ? message : `line ${line}: ${message}`,
  }));
  return new CommandError(
    "INVALID_ARGUMENT",
    "FIELD_VIOLATION",
    `the policy document has ${problems.length} problem${problems.length === 1 ? "" : "s"}`,
    { violations },
  );
}

/** A store that failed as the caller sees it: no verdict, safe to retry. A log that is corrupt, which stays so, and bugs pass. */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof PolicyStoreError) || corruptionIn(error) !== undefined) return error;
  if (error.code === "unreachable")
    return new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "the event log cannot be reached", { cause: error });
  return new CommandError("UNAVAILABLE", "POLICY_UNREACHABLE", "the policy cannot be read", { cause: error });
}
