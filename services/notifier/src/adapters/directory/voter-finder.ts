import type { DirectoryClient } from "@countersign/directory-client";
import type { AnswerPorts } from "../../usecases/answer.ts";

/**
 * Who stands behind an account: by an explicit link or by SCIM, as the directory has it now, never by a name or an address. A tenant that keeps no people in
 * the directory has nobody there, so nobody decides in its chats.
 */
export function voterFinder(directory: DirectoryClient, clock: () => Date): AnswerPorts["findVoter"] {
  return async (tenant, account) => {
    const resolved = await directory.resolvePerson(tenant, { account }, clock());
    if (!resolved.managed || resolved.person?.active !== true) return undefined;
    const [principal] = resolved.person.principals;
    return principal === undefined ? undefined : { ...principal, groups: resolved.person.groups };
  };
}
