/** A member of an object: its name, and where its value lies. */
export type Member = { readonly name: string; readonly begin: number; readonly end: number };

/**
 * Where the JSON value that begins at `at` ends, if it is written as RFC 8785 writes it: to parse it and to write it again would give these bytes. Tells only what it is
 * sure of: -1 for every other text, and for texts with escapes or characters beyond ASCII, which are left to a parser.
 */
export function endOfCanonical(bytes: Buffer, at: number, depth = 0): number {
  switch (bytes[at]) {
    case QUOTE:
      return endOfString(bytes, at);
    case OPEN_OBJECT:
      return endOfObject(bytes, at, depth);
    case OPEN_ARRAY:
      return endOfArray(bytes, at, depth);
    case 0x74:
      return endOfWord(bytes, at, "true");
    case 0x66:
      return endOfWord(bytes, at, "false");
    case 0x6e:
      return endOfWord(bytes, at, "null");
    default:
      return endOfNumber(bytes, at);
  }
}

/** The members of the object from `begin` to `end`; undefined when it is no object, or not surely canonical. */
export function canonicalMembers(bytes: Buffer, begin: number, end: number): readonly Member[] | undefined {
  const members: Member[] = [];
  return bytes[begin] === OPEN_OBJECT && endOfObject(bytes, begin, 0, members) === end ? members : undefined;
}

function endOfObject(bytes: Buffer, begin: number, depth: number, members?: Member[]): number {
  if (depth > DEEPEST) return -1;
  if (bytes[begin + 1] === CLOSE_OBJECT) return begin + 2;
  // Names are told by where they lie, quotes included; the one before lies from `before` on.
  let before = -1;
  for (let at = begin + 1; ; at += 1) {
    const name = at;
    const colon = bytes[at] === QUOTE ? endOfString(bytes, at) : -1;
    if (colon < 0 || bytes[colon] !== COLON || (before >= 0 && !isBefore(bytes, before, name))) return -1;
    before = name;
    at = endOfCanonical(bytes, colon + 1, depth + 1);
    if (at < 0) return -1;
    members?.push({ name: textOf(bytes, name + 1, colon - 1), begin: colon + 1, end: at });
    if (bytes[at] === CLOSE_OBJECT) return at + 1;
    if (bytes[at] !== COMMA) return -1;
  }
}

function endOfArray(bytes: Buffer, begin: number, depth: number): number {
  if (depth > DEEPEST) return -1;
  if (bytes[begin + 1] === CLOSE_ARRAY) return begin + 2;
  for (let at = begin + 1; ; at += 1) {
    at = endOfCanonical(bytes, at, depth + 1);
    if (at < 0) return -1;
    if (bytes[at] === CLOSE_ARRAY) return at + 1;
    if (bytes[at] !== COMMA) return -1;
  }
}

function endOfString(bytes: Buffer, begin: number): number {
  for (let at = begin + 1; ; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return -1;
  }
}

function endOfWord(bytes: Buffer, begin: number, word: string): number {
  for (let at = 0; at < word.length; at += 1) if (bytes[begin + at] !== word.charCodeAt(at)) return -1;
  return begin + word.length;
}

/** RFC 8785 writes numbers as ECMAScript does. */
function endOfNumber(bytes: Buffer, begin: number): number {
  let end = begin;
  while (IN_NUMBERS[bytes[end] ?? 0] === 1) end += 1;
  const text = textOf(bytes, begin, end);
  return text !== "" && String(Number(text)) === text ? end : -1;
}

/** Whether the name at `one` sorts before the one at `other`; both end with a quote, and hold none. */
function isBefore(bytes: Buffer, one: number, other: number): boolean {
  for (let at = 1; ; at += 1) {
    const [left = 0, right = 0] = [bytes[one + at], bytes[other + at]];
    if (left === QUOTE) return right !== QUOTE;
    if (left !== right) return right !== QUOTE && left < right;
  }
}

/** They are ASCII. */
const textOf = (bytes: Buffer, begin: number, end: number): string => bytes.toString("latin1", begin, end);

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const IN_NUMBERS = new Uint8Array(256);
for (const byte of Buffer.from("0123456789+-.e")) IN_NUMBERS[byte] = 1;
const DEEPEST = 100;
