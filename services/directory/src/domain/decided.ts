import type { DirectoryEvent } from "./events.ts";
import type { QuotaRejection } from "./quota.ts";

/** Why not. Nothing is recorded then, but, beyond a quota, what takes somebody out. */
export type Rejection =
  | QuotaRejection
  | "unknown_person"
  | "person_active"
  | "unknown_member"
  | "unknown_group"
  | "unknown_delegation"
  | "user_name_taken"
  | "external_id_taken"
  | "principal_taken"
  | "account_taken"
  | "group_name_taken"
  | "not_in_directory"
  | "not_yours"
  | "unknown_stand_in"
  | "self_delegation"
  | "not_in_group"
  | "bad_period"
  | "too_long"
  | "too_many"
  | "code_invalid"
  | "code_expired"
  | "code_used"
  | "other_account"
  | "already_linked";

/** What to record (nothing: it is so already), or why not. */
export type Decided = { readonly events: readonly DirectoryEvent[] } | { readonly rejection: Rejection };

export function rejected(rejection: Rejection): Decided {
  return { rejection };
}
