import { textLine, type CardStyle, type ReviewView } from "@countersign/review-view";
import { EVENT_WORDS } from "../card-sections.ts";
import type { NotifiedEvent } from "../../domain/notified-event.ts";

/** What happened since, on one line. */
export function updateLine(type: NotifiedEvent, view: ReviewView, { paint }: CardStyle): string {
  const words = EVENT_WORDS[type];
  const colour = words === "approved" ? paint.good : paint.warn;
  const by = view.editor === undefined ? "" : `, edited by ${textLine(view.editor)}`;
  return `${colour(`■ ${words}`)}: ${textLine(view.title)} (action ${view.actionId}, now ${view.status}${by})\n`;
}
