import { CommandError, type FailureCode, type FailureReason } from "@countersign/bus";
import type { Rejection } from "../../domain/decided.ts";
import type { QuotaRejection } from "../../domain/quota.ts";
import { DirectoryStoreError } from "../../usecases/ports.ts";
import { isQuota, quotaSetting, quotaText } from "../quota-text.ts";

type Failure = readonly [code: FailureCode, reason: FailureReason, message: string];

const FAILURES: Readonly<Record<Exclude<Rejection, QuotaRejection> | "lost_race", Failure>> = {
  unknown_person: ["NOT_FOUND", "NOT_FOUND", "There is no such person."],
  person_active: [
    "FAILED_PRECONDITION",
    "WRONG_STATE",
    "The person is switched on: take it out of the identity provider first, or force it.",
  ],
  unknown_member: ["NOT_FOUND", "NOT_FOUND", "There is no such person."],
  unknown_group: ["NOT_FOUND", "NOT_FOUND", "There is no such group."],
  unknown_delegation: ["NOT_FOUND", "NOT_FOUND", "There is no such delegation, or it is not yours."],
  user_name_taken: ["ALREADY_EXISTS", "ALREADY_LINKED", "Another person has this user name."],
  external_id_taken: ["ALREADY_EXISTS", "ALREADY_LINKED", "Another person has this external id."],
  principal_taken: ["ALREADY_EXISTS", "ALREADY_LINKED", "Another person signs in so."],
  account_taken: ["ALREADY_EXISTS", "ALREADY_LINKED", "Another person has this account."],
  group_name_taken: ["ALREADY_EXISTS", "ALREADY_LINKED", "Another group has this name."],
  not_in_directory: ["PERMISSION_DENIED", "NOT_IN_DIRECTORY", "The directory does not know you, or you are switched off."],
  not_yours: ["PERMISSION_DENIED", "NOT_ELIGIBLE", "This is not yours to say."],
  unknown_stand_in: ["INVALID_ARGUMENT", "FIELD_VIOLATION", "Nobody of that id or user name could stand in for you."],
  self_delegation: ["INVALID_ARGUMENT", "FIELD_VIOLATION", "You cannot stand in for yourself."],
  not_in_group: ["INVALID_ARGUMENT", "FIELD_VIOLATION", "You are not in all of these groups: nobody can decide by them in your place."],
  bad_period: ["INVALID_ARGUMENT", "FIELD_VIOLATION", "It must end after it begins, in the future, and begin within a year."],
  too_long: ["INVALID_ARGUMENT", "FIELD_VIOLATION", "Somebody stands in for 30 days at most; an absence takes a year at most."],
  too_many: ["RESOURCE_EXHAUSTED", "TOO_LARGE", "There are too many of these already; end or use one first."],
  code_invalid: ["FAILED_PRECONDITION", "LINK_CODE_INVALID", "The code is wrong or too old; ask the channel for a new one."],
  code_expired: ["FAILED_PRECONDITION", "LINK_CODE_EXPIRED", "The code is too old; ask the channel for a new one."],
  code_used: ["FAILED_PRECONDITION", "LINK_CODE_USED", "The code was used already; ask the channel for a new one."],
  other_account: [
    "FAILED_PRECONDITION",
    "LINK_ACCOUNT_MISMATCH",
    "The channel showed this code to another account: if that is not yours, do not link it.",
  ],
  already_linked: ["FAILED_PRECONDITION", "ALREADY_LINKED", "The account is somebody's already; it must be unlinked there first."],
  lost_race: ["ABORTED", "LOST_RACE", "The directory changed under way too often; try again."],
};

/** @param limit of a quota: how many there may be. */
export function refusal(rejection: Rejection | "lost_race", limit = 0): CommandError {
  if (isQuota(rejection)) {
    const metadata = { quota: quotaSetting(rejection), limit: String(limit) };
    return new CommandError("RESOURCE_EXHAUSTED", "DIRECTORY_QUOTA", quotaText(rejection, limit), { metadata });
  }
  const [code, reason, message] = FAILURES[rejection];
  return new CommandError(code, reason, message);
}

/** Faults of the log as the caller may know them. */
export function storeFailure(error: unknown): unknown {
  if (!(error instanceof DirectoryStoreError)) return error;
  return error.code === "unreachable"
    ? new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "The event log cannot be reached; nothing is known of people now.", {
        cause: error,
      })
    : error;
}

export function notManaged(): CommandError {
  return new CommandError("FAILED_PRECONDITION", "NOT_MANAGED", "This tenant does not keep its people in the directory.");
}
