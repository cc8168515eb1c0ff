import type { EventLog } from "@countersign/event-log";
import { decodeEvent, encodeEvent, type DecodedEvent, type EncodableEvent } from "@countersign/events";
import type { PrincipalRef as RefMessage } from "@countersign/proto/v1/principal_pb";
import type { Logger } from "@countersign/telemetry";
import { type PrincipalRef, samePrincipal } from "../../domain/principal.ts";
import type { Refusal, Refusals } from "../../usecases/ports.ts";
import { toHex } from "../../usecases/content.ts";
import { fromHex } from "../wire/bytes.ts";

const REFUSAL_STREAM = "refusal";

/** Of one action for each reason, and its reports: those who fill one of them hide nothing of another. */
const MOST_OF_A_KIND = 50;
/** Different ones of one principal on an action. */
const MOST_REPORTS = 5;
/** Others are refused on the same action at the same moment. */
const ATTEMPTS = 10;

/**
 * Records refusals on a stream of their own beside each action's: an action's version, which its reviewers name, does not move. A principal's votes are noted once for
 * each reason: more would say nothing new and let anybody fill the log, and fewer would let a small fault use up what a grave one is noted with.
 */
export function refusalLog(log: EventLog, logger: Logger): Refusals {
  return {
    note: async (refusal) => {
      try {
        const why = await notNoted(log, refusal);
        if (why !== undefined) logger.warn({ action: refusal.ref.id, kind: kindOf(refusal) }, `a refusal was answered and ${why}`);
      } catch (error) {
        logger.warn({ err: error, action: refusal.ref.id }, "a refusal was answered and could not be recorded");
      }
    },
  };
}

/** Why it does not stand there; undefined: it does, or need not. */
async function notNoted(log: EventLog, refusal: Refusal): Promise<string | undefined> {
  const { ref, by, at } = refusal;
  const stream = { tenant: ref.tenant, type: REFUSAL_STREAM, id: ref.id };
  const actor = { issuer: by.issuer, id: by.id };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await log.readStream(stream);
    const decoded = before.map(decodeEvent);
    if (!isNews(refusal, decoded)) return undefined;
    if (decoded.filter((event) => isOfKind(refusal, event)).length >= MOST_OF_A_KIND)
      return "not recorded: the action has too many of its kind";
    const events = [encodeEvent(toEvent(refusal))];
    const { outcome } = await log.append({ stream, expectedVersion: before.length, events, actor, time: new Date(at) });
    if (outcome === "appended") return undefined;
  }
  return "lost every race to be recorded";
}

function isNews(refusal: Refusal, before: readonly DecodedEvent[]): boolean {
  const { by } = refusal;
  if (refusal.kind === "vote") {
    return !before.some(({ type, data }) => type === "VoteRefused" && isOf(by, data.reviewer) && data.reason === refusal.reason);
  }
  const reports = before.flatMap(({ type, data }) =>
    type === "ReportRefused" && isOf(by, data.reporter) ? [toHex(data.refusedOutputDigest)] : [],
  );
  return reports.length < MOST_REPORTS && !reports.includes(refusal.outputs.refused);
}

function isOfKind(refusal: Refusal, { type, data }: DecodedEvent): boolean {
  return refusal.kind === "report" ? type === "ReportRefused" : type === "VoteRefused" && data.reason === refusal.reason;
}

function kindOf(refusal: Refusal): string {
  return refusal.kind === "report" ? "report" : refusal.reason;
}

function isOf(one: PrincipalRef, other: RefMessage | undefined): boolean {
  return other !== undefined && samePrincipal(one, other);
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
