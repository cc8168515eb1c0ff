import { visible } from "@countersign/review-view";

/**
 * Text of others on one line of a terminal, a log or a chat, made visible as everywhere else: what a screen would hide or obey is an escape. At most
 * `limit` characters; says how long it was when it was cut.
 */
export function plainText(text: string, limit = 200): string {
  const trimmed = text.trim();
  const characters = trimmed.length <= limit ? undefined : [...trimmed];
  // Cut first: an escape is not cut in the middle.
  if (characters === undefined || characters.length <= limit) return visible(trimmed).text;
  return `${visible(characters.slice(0, limit).join("")).text}… (${characters.length} characters)`;
}
