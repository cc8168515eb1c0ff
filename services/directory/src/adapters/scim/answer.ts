import { corruptionIn } from "@countersign/event-log";
import type { QuotaRejection } from "../../domain/quota.ts";
import type { Directories, Refused } from "../../usecases/directories.ts";
import { DirectoryStoreError } from "../../usecases/ports.ts";
import { isQuota, quotaText } from "../quota-text.ts";
import { discovery } from "./discovery.ts";
import { groups } from "./groups.ts";
import type { ScimDirectory, ScimReply, ScimRequest } from "./request.ts";
import { ScimError } from "./scim-error.ts";
import type { ScimToken } from "./tokens.ts";
import { users } from "./users.ts";

/** What answers stand on. */
export type AnswerDeps = {
  readonly directories: Directories;
  readonly clock: () => Date;
  readonly newId: () => string;
  readonly baseUrl: string;
};

/** Who the log names as the cause: the tenant's provider, by the name of its token. */
export const SCIM_ISSUER = "urn:countersign:scim";

/** Answers one request of a tenant's provider. @throws ScimError, DirectoryStoreError */
export async function answer(deps: AnswerDeps, token: ScimToken, request: ScimRequest, traceparent: string): Promise<ScimReply> {
  const { directories, clock, newId, baseUrl } = deps;
  const { tenant } = token;
  const scim: ScimDirectory = {
    baseUrl,
    newId,
    current: () => directories.current(tenant),
    change: async (decide) => {
      const by = { actor: { issuer: SCIM_ISSUER, id: token.name }, atMs: clock().getTime(), traceparent };
      const changed = await directories.change(tenant, by, decide);
      if (changed.ok) return changed.directory;
      throw refusal(changed);
    },
  };
  const [kind, , ...rest] = request.path;
  if (rest.length > 0) throw new ScimError(404, "there is no such resource");
  switch (kind) {
    case "Users":
      return users(scim, request);
    case "Groups":
      return groups(scim, request);
    case "ServiceProviderConfig":
    case "ResourceTypes":
    case "Schemas":
      return discovery(request);
    default:
      throw new ScimError(404, "there is no such resource");
  }
}

type Refusal = ConstructorParameters<typeof ScimError>;
const other: Refusal = [400, "the change is refused"];

function refusal({ code, limit = 0 }: Refused): ScimError {
  // Not 429 or 503: trying again does not help.
  return isQuota(code) ? new ScimError(403, quotaText(code, limit)) : new ScimError(...REFUSALS[code]);
}

const REFUSALS: Readonly<Record<Exclude<Refused["code"], QuotaRejection>, Refusal>> = {
  unknown_person: [404, "there is no such user"],
  unknown_group: [404, "there is no such group"],
  person_active: [409, "the user is active"],
  unknown_member: [400, "members names somebody who is not a user here", "invalidValue"],
  user_name_taken: [409, "another user has this userName", "uniqueness"],
  external_id_taken: [409, "another user has this externalId", "uniqueness"],
  principal_taken: [409, "another user has one of these principals", "uniqueness"],
  account_taken: [409, "another user has one of these accounts", "uniqueness"],
  group_name_taken: [409, "another group has this displayName", "uniqueness"],
  lost_race: [503, "the directory changed under way too often; try again"],
  not_in_directory: other,
  not_yours: other,
  unknown_delegation: other,
  unknown_stand_in: other,
  self_delegation: other,
  not_in_group: other,
  bad_period: other,
  too_long: other,
  too_many: other,
  code_invalid: other,
  code_expired: other,
  code_used: other,
  other_account: other,
  already_linked: other,
};

/** A fault as a reply, and whether somebody must look into it. */
export function toRefusal(error: unknown): { readonly refusal: ScimError; readonly unexpected: boolean } {
  if (error instanceof ScimError) return { refusal: error, unexpected: false };
  if (error instanceof DirectoryStoreError && error.code === "unreachable") {
    return { refusal: new ScimError(503, "the event log cannot be reached; try again"), unexpected: true };
  }
  if (corruptionIn(error) !== undefined) {
    return {
      refusal: new ScimError(500, "the event log is corrupt; trying again does not help, tell who runs Countersign"),
      unexpected: true,
    };
  }
  return { refusal: new ScimError(500, "the service failed on this request; its log says why"), unexpected: true };
}
