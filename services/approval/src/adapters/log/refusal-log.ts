import { createHash } from "node:crypto";
import type { EventLog } from "@countersign/event-log";
import { encodeEvent, type EncodableEvent } from "@countersign/events";
import type { Logger } from "@countersign/telemetry";
import type { Refusal, Refusals } from "../../usecases/ports.ts";
import { fromHex } from "../wire/bytes.ts";

const REFUSAL_STREAM = "refusal";

/** Of one principal on one action; more would say nothing new, and would let anybody fill the log. */
const MAX_NOTED = 5;

/** Records refusals on streams of their own: an action's version, which its reviewers name, does not move. */
export function refusalLog(log: EventLog, logger: Logger): Refusals {
  return {
    note: async (refusal) => {
      try {
        const stream = { tenant: refusal.ref.tenant, type: REFUSAL_STREAM, id: streamId(refusal) };
        const { length: expectedVersion } = await log.readStream(stream);
        if (expectedVersion >= MAX_NOTED) return;
        const actor = { issuer: refusal.by.issuer, id: refusal.by.id };
        // Whoever loses the race to note is the same one on the same action, refused at the same moment.
        await log.append({ stream, expectedVersion, events: [encodeEvent(toEvent(refusal))], actor, time: new Date(refusal.at) });
      } catch (error) {
        logger.warn({ err: error, action: refusal.ref.id }, "a refusal was answered and could not be recorded");
      }
    },
  };
}

/** One stream for each action and principal. */
function streamId({ ref, by }: Refusal): string {
  const principal = createHash("sha256")
    .update(JSON.stringify([by.issuer, by.id]))
    .digest("hex");
  return `${ref.id}.${principal.slice(0, 32)}`;
}

function toEvent(refusal: Refusal): EncodableEvent {
  const { ref, by } = refusal;
  const principal = { issuer: by.issuer, id: by.id };
  if (refusal.kind === "vote") {
    return { type: "VoteRefused", data: { actionId: ref.id, reviewer: principal, reason: refusal.reason } };
  }
  const { recorded, refused } = refusal.outputs;
  const data = {
    actionId: ref.id,
    reporter: principal,
    recordedOutputDigest: fromHex(recorded),
    refusedOutputDigest: fromHex(refused),
  };
  return { type: "ReportRefused", data };
}
