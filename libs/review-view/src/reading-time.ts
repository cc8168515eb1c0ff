import { USUAL_LIMITS } from "./review-view.ts";
import type { ShownMembers } from "./shown-members.ts";
import type { ShownParts } from "./shown-parts.ts";
import type { ShownText } from "./shown-text.ts";

/**
 * Adults read 238 words of English non-fiction a minute in silence: Brysbaert, "How many words do we read per minute? A review and
 * meta-analysis of reading rate", Journal of Memory and Language 109 (2019).
 */
const WORDS_PER_MINUTE = 238;

/** Nobody opens, reads and decides on anything sooner, however short. */
const LEAST_SECONDS = 3;

const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** Whole seconds that it takes to read what a screen shows of a review: what will run, what the requester claims, who asked and why people are asked. */
export function readingSeconds({ title, about, parameters, claims }: ShownParts): number {
  let words = wordsOf(title) + wordsInMembers(parameters) + wordsInMembers(claims);
  for (const { value } of about) words += wordsOf(value);
  return Math.max(LEAST_SECONDS, Math.ceil((words * 60) / WORDS_PER_MINUTE));
}

function wordsInMembers({ members }: ShownMembers): number {
  let words = 0;
  for (const { path, value } of members.slice(0, USUAL_LIMITS.members)) words += wordsOf(path) + wordsOf(value);
  return words;
}

function wordsOf({ text, cut }: ShownText): number {
  return wordsIn(text) + (cut === undefined ? 0 : wordsIn(cut.tail));
}

function wordsIn(text: string): number {
  let words = 0;
  while (WORD.test(text)) words += 1;
  return words;
}
