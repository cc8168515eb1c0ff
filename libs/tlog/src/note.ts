import { formatBase64, parseBase64 } from "./base64.ts";
import { TlogError } from "./error.ts";
import { isKeyName } from "./key.ts";
import { checkText, formatText, parseText, splitLines } from "./text.ts";

/** Text with signature lines under it (c2sp.org/signed-note). Nothing is trusted before `verifyNote` has passed. */
export type SignedNote = {
  /** What is signed; ends in a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
};

/** One signature line. */
export type NoteSignature = {
  readonly name: string;
  readonly keyId: number;
  /** What follows the key id: for Ed25519 64 bytes, for a cosignature a time before them. */
  readonly signature: Uint8Array;
};

/** Reads a note. Throws `note_malformed`, `signature_malformed`, or what its text and base64 may be faulted for. */
export function parseNote(bytes: Uint8Array): SignedNote {
  const all = parseText(bytes, "note");
  const end = all.lastIndexOf("\n\n");
  if (end < 0) throw new TlogError("note_malformed", "a note has an empty line before its signatures");
  const text = all.slice(0, end + 1);
  const signatures = parseSignatureLines(all.slice(end + 2));
  if (signatures.length === 0) throw new TlogError("note_malformed", "a note has at least one signature");
  return { text, signatures };
}

/** Writes a note; `parseNote` reads the same back. Throws like it. */
export function formatNote(note: SignedNote): Buffer {
  checkNoteText(note.text);
  if (note.signatures.length === 0) throw new TlogError("note_malformed", "a note has at least one signature");
  const bytes = formatText(`${note.text}\n${formatSignatureLines(note.signatures)}`);
  parseText(bytes, "note");
  return bytes;
}

/** Reads signature lines alone, as a witness answers. Throws `signature_malformed`. */
export function parseSignatureLines(text: string): readonly NoteSignature[] {
  const lines = splitLines(text);
  if (lines === undefined) throw new TlogError("signature_malformed", "the last signature line is not terminated");
  if (lines.length > MAX_SIGNATURES) throw new TlogError("too_large", `a note has at most ${MAX_SIGNATURES} signatures`);
  return lines.map(parseSignatureLine);
}

export function formatSignatureLines(signatures: readonly NoteSignature[]): string {
  if (signatures.length > MAX_SIGNATURES) throw new TlogError("too_large", `a note has at most ${MAX_SIGNATURES} signatures`);
  return signatures.map(formatSignatureLine).join("");
}

/** The text, if it can be signed: UTF-8 without control characters, its last line terminated. Throws `note_malformed` or `text_malformed`. */
export function checkNoteText(text: string): string {
  if (!text.endsWith("\n")) throw new TlogError("note_malformed", "the text of a note ends in a newline");
  return checkText(text, "note text");
}

function parseSignatureLine(line: string): NoteSignature {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  if (name === undefined || encoded === undefined || !isKeyName(name)) {
    throw new TlogError("signature_malformed", "a signature line is a dash, a name and base64, one space between");
  }
  const bytes = parseBase64(encoded, "signature");
  if (bytes.length <= KEY_ID_BYTES) throw new TlogError("signature_malformed", "a signature follows its key id of four bytes");
  return { name, keyId: bytes.readUInt32BE(), signature: bytes.subarray(KEY_ID_BYTES) };
}

function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  const id = Buffer.alloc(KEY_ID_BYTES);
  if (!Number.isInteger(keyId) || keyId < 0 || keyId > 0xffffffff) throw new TlogError("number_out_of_range", "a key id has 32 bits");
  if (signature.length === 0 || !isKeyName(name))
    throw new TlogError("signature_malformed", "a signature line has a key name and bytes after the id");
  id.writeUInt32BE(keyId);
  return `— ${name} ${formatBase64(Buffer.concat([id, signature]))}\n`;
}

const MAX_SIGNATURES = 100;
const KEY_ID_BYTES = 4;
const SIGNATURE_LINE = /^— ([^ ]+) ([^ ]+)$/u;
