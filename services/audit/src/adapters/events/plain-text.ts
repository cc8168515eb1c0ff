/**
 * Text of others, made harmless for one line of a terminal, a log or a chat: no escape sequences, control, bidirectional or invisible
 * characters, no line breaks, at most `limit` characters; says how long it was when it was cut.
 */
export function plainText(text: string, limit = 200): string {
  const clean = text.replaceAll(ESCAPE_SEQUENCE, "").replaceAll(WHITE_SPACE, " ").replaceAll(UNSEEN, "").trim();
  if (clean.length <= limit) return clean;
  const characters = [...clean];
  if (characters.length <= limit) return clean;
  return `${characters.slice(0, limit).join("")}… (${characters.length} characters)`;
}

// ECMA-48: CSI with parameters, OSC and the other strings up to their terminator, two-character escapes; ESC and the C1 forms.
const ESCAPE_SEQUENCE =
  // oxlint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]?/g;
const WHITE_SPACE = /\s+/g;
// Control, format (bidirectional marks, zero width, tags), private use, lone surrogates.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu;
