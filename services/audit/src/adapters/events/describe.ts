import type { DecodedEvent } from "@countersign/events";
import type { ContentRef } from "@countersign/proto/event/v1/action_events_pb";
import { describeActionEvent } from "./describe-action.ts";
import { plainText } from "./plain-text.ts";

/** What became of words that an event refers to; withheld: the line goes where they could not be erased. */
export type Words = { readonly text: string } | "erased" | "altered" | "withheld";

/** One line for people on what happened, harmless wherever it is shown. Words that people typed are included while they exist. */
export function describeEvent(event: DecodedEvent, lookUp: (ref: ContentRef) => Words): string {
  return describeActionEvent(event, (ref) => (ref === undefined ? "" : quoted(lookUp(ref))));
}

function quoted(words: Words): string {
  if (words === "withheld") return "";
  if (words === "erased") return " (the words were erased)";
  if (words === "altered") return " (the stored words are not the ones that were recorded)";
  const text = plainText(words.text);
  return text === "" ? "" : `: "${text}"`;
}
