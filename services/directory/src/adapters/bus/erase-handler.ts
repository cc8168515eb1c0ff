import { CommandError, type CommandHandler } from "@countersign/bus";
import * as api from "@countersign/proto/v1/directory_service_pb";
import { PrincipalType, SignInStrength, type Principal } from "@countersign/proto/v1/principal_pb";
import { eraseProfiles } from "../../usecases/erase-person.ts";
import type { HandlerDeps } from "./deps.ts";
import { refusal } from "./failures.ts";
import { handler } from "./handler.ts";
import { settingsOf } from "./own-person.ts";
import { callerOf, changedBy, invalid } from "./read-request.ts";

/** What stays, in every answer: nobody shall believe that more is gone than is. */
const REMAINING = [
  "the log's entries, for ever: the person's id, groups, delegations, absences, and accounts in channels that it linked itself",
  "issuer and id of its sign-ins, wherever it asked or decided",
  "what it typed in actions, and what others typed of it: erase those actions",
  "the reason of this erasure",
  "archives and exports that were handed out before, and messages that channels have delivered",
  "backups and replicas of the database, and dead rows in it until VACUUM has run",
];

/** Erases a person's profile in all its versions. */
export function erasePersonHandler({ directories, store, tenants, clock }: HandlerDeps): CommandHandler {
  return handler(api.ErasePersonRequestSchema, api.ErasePersonResponseSchema, async ({ personId, reason, force, dryRun }, command) => {
    const caller = callerOf(command);
    settingsOf(tenants, caller.tenant);
    mayErase(caller);
    if (reason.trim() === "") throw invalid("reason", "must say why");
    const by = changedBy(command, clock().getTime());
    const erased = await eraseProfiles({ directories, store }, by, { tenant: caller.tenant, personId, reason, force, dryRun });
    if (!erased.ok) throw refusal(erased.code);
    const contents = erased.profiles.map(({ digest, namedBy, version, bytes }) => ({
      digest: Buffer.from(digest, "hex"),
      namedBy,
      streamVersion: BigInt(version),
      bytes: BigInt(bytes),
    }));
    const position = erased.position === undefined ? {} : { position: BigInt(erased.position) };
    return { erasure: { contents, ...position, remaining: REMAINING } };
  });
}

function mayErase({ type, chain, signIn }: Principal): void {
  if (type === PrincipalType.AGENT || chain.length > 0)
    throw new CommandError("PERMISSION_DENIED", "NOT_HUMAN", "No agent may erase, and nobody on behalf of others.");
  if (type === PrincipalType.HUMAN && signIn < SignInStrength.MFA)
    throw new CommandError("PERMISSION_DENIED", "SIGN_IN_TOO_WEAK", "Sign in with a second factor and try again.");
}
