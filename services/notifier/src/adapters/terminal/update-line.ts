import { textLine, type CardStyle, type ReviewView } from "@countersign/review-view";
import type { NotifiedEvent } from "../../domain/notified-event.ts";

/** What happened since, on one line. */
export function updateLine(type: NotifiedEvent, view: ReviewView, { paint }: CardStyle): string {
  const words = WORDS[type];
  const colour = words === "approved" ? paint.good : paint.warn;
  return `${colour(`■ ${words}`)}: ${textLine(view.title)} (action ${view.actionId}, now ${view.status})\n`;
}

const WORDS: Readonly<Record<NotifiedEvent, string>> = {
  ReviewOpened: "review opened",
  StageOpened: "next stage opened",
  VoteCast: "vote cast",
  ActionEdited: "edited, earlier votes lapsed",
  ActionApproved: "approved",
  ActionRejected: "rejected",
  ActionExpired: "expired, nobody decided in time",
  ActionCancelled: "cancelled by its requester",
  GrantIssued: "grant issued",
  GrantRevoked: "grant revoked",
  GrantRedeemed: "grant redeemed",
  GrantExpired: "grant expired unused",
  ExecutionReported: "execution reported",
  ExecutionUnreported: "no report came",
};
