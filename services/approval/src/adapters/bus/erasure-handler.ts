import type { CommandHandler } from "@countersign/bus";
import { encodeMessage } from "@countersign/events";
import { EraseContentRequestSchema, EraseContentResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { eraseContent } from "../../usecases/erase-content.ts";
import type { Deps } from "../../usecases/ports.ts";
import { fromHex } from "../wire/bytes.ts";
import { call } from "./call.ts";
import { failure, fieldViolation, refused } from "./failures.ts";

/** What stays, in every answer: nobody shall believe that more is gone than is. */
const REMAINING = [
  "the log's entries, for ever: who asked for what by name (subject, action and resource ids), who decided, when, and why policy answered as it did",
  "the reason of this erasure",
  "archives and exports that were handed out before, and messages that channels (Slack, Teams, e-mail, webhooks) have delivered",
  "backups and replicas of the database, and dead rows in it until VACUUM has run",
];

/** Erases an action's contents. */
export function erasureHandlers(deps: Deps): Readonly<Record<string, CommandHandler>> {
  return {
    EraseContent: call(EraseContentRequestSchema, async ({ actionId, reason, force, dryRun }, caller) => {
      if (reason.trim() === "") throw fieldViolation("reason", "must say why");
      const erased = await eraseContent(deps, caller, { ref: { tenant: caller.principal.tenant, id: actionId }, reason, force, dryRun });
      if (erased.outcome === "refused") throw refused(erased);
      if (erased.outcome === "lost_race") throw failure("LOST_RACE");
      const contents = erased.contents.map(({ digest, namedBy, version, bytes }) => ({
        digest: fromHex(digest),
        namedBy,
        streamVersion: BigInt(version),
        bytes: BigInt(bytes),
      }));
      const position = erased.position === undefined ? {} : { position: BigInt(erased.position) };
      const erasure = { contents, ...position, remaining: REMAINING };
      return encodeMessage(EraseContentResponseSchema, { erasure });
    }),
  };
}
