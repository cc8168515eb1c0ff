import { canonicalJson, contentDigest, newSalt, sizeFlaw } from "@countersign/digest";
import type { Content } from "@countersign/event-log";
import type { Hex } from "../domain/values.ts";
import type { ActionInput, Contents } from "./ports.ts";

export function toHex(bytes: Uint8Array): Hex {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}

/** Text that somebody typed, under a salt of its own; nothing when nothing was said, as with blanks alone. */
export function textContent(text: string): Content | undefined {
  if (text.trim() === "") return undefined;
  const body = Buffer.from(text);
  const salt = newSalt();
  return inOwnMemory({ digest: contentDigest(salt, body), salt, body });
}

/** The same in one piece of memory that nothing else is in: for what is kept. A piece of a pool, or of what came over a socket, would keep all of that, 64 KB, alive. */
export function inOwnMemory({ digest, salt, body }: Content): Content {
  const bytes = Buffer.allocUnsafeSlow(digest.length + salt.length + body.length);
  bytes.set(digest);
  bytes.set(salt, digest.length);
  bytes.set(body, digest.length + salt.length);
  return {
    digest: bytes.subarray(0, digest.length),
    salt: bytes.subarray(digest.length, digest.length + salt.length),
    body: bytes.subarray(digest.length + salt.length),
  };
}

export function textOf(contents: Contents, digest: Hex | undefined): string {
  const content = digest === undefined ? undefined : contents.get(digest);
  return content === undefined ? "" : Buffer.from(content.body).toString();
}

/** The input has no canonical form, so nothing could name it, or would be larger than one may be. */
export class InvalidInputError extends Error {
  override readonly name = "InvalidInputError";
  readonly field: string;

  constructor(field: string, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.field = field;
  }
}

/** An edit leaves the rest as it is, and all of it together has to be what may be asked for. @throws InvalidInputError */
export function assertFits(input: ActionInput): void {
  const flaw = sizeFlaw("edit.properties", input);
  if (flaw !== undefined) throw new InvalidInputError(flaw.field, `makes an action that ${flaw.description}`);
}

/** The whole input as content. The salt is the action's: every form of it and its digest are computed with the same one. */
export function inputContent(input: ActionInput, salt: Uint8Array): Content {
  const body = Buffer.from(canonicalText(input));
  const content = inOwnMemory({ digest: contentDigest(salt, body), salt, body });
  inputs.set(content, input);
  return content;
}

/** Inputs of contents in memory, so that none is parsed twice. */
const inputs = new WeakMap<Content, ActionInput>();

function canonicalText(input: ActionInput): string {
  try {
    return canonicalJson({ ...input });
  } catch (cause) {
    throw new InvalidInputError("input", "must be JSON with finite numbers and well-formed strings", { cause });
  }
}

/** The input and its salt; undefined once erased. */
export function inputOf(contents: Contents, digest: Hex): { readonly input: ActionInput; readonly salt: Uint8Array } | undefined {
  const content = contents.get(digest);
  if (content === undefined) return undefined;
  let input = inputs.get(content);
  if (input === undefined) {
    // What `inputContent` wrote: the entry holds its hash.
    input = JSON.parse(Buffer.from(content.body).toString()) as ActionInput;
    inputs.set(content, input);
  }
  return { input, salt: content.salt };
}

/** Only what is not stored yet: an edit may bring back a form that the action had before. */
export function unstored(contents: Contents, ...candidates: readonly (Content | undefined)[]): readonly Content[] {
  return candidates.filter((content): content is Content => content !== undefined && !contents.has(toHex(content.digest)));
}
