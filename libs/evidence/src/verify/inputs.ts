import { actionDigest, type DigestInput } from "@countersign/digest";
import type { ContentRecord } from "../segment.ts";
import { digestOfCanonical } from "./canonical-input.ts";
import { isText } from "./text-of-bytes.ts";

/** Content that was found and checked. */
export type Found = NonNullable<ContentRecord["content"]>;

/** Whether the digest is that of the input; the tenant is the entry's. */
export function isDigestOf(digest: Uint8Array, tenant: string, input: Found, bindingContext: readonly string[]): boolean {
  const text = digestOfCanonical(tenant, input, bindingContext);
  if (text !== undefined && digest.length === text.length && isText(text, digest)) return true;
  const computed = digestOfParsed(tenant, input, bindingContext);
  return computed !== undefined && Buffer.compare(computed, digest) === 0;
}

/** The same of any input, by way of a parser; undefined when it has none. */
export function digestOfParsed(tenant: string, { salt, body }: Found, bindingContext: readonly string[]): Buffer | undefined {
  try {
    const input: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    return isInput(input) ? actionDigest(salt, { ...input, tenant }, bindingContext) : undefined;
  } catch {
    return undefined;
  }
}

/** The hash of the content was checked: this only guards against an input that is none. */
function isInput(value: unknown): value is Omit<DigestInput, "tenant"> {
  if (typeof value !== "object" || value === null || !("subject" in value && "action" in value && "resource" in value)) return false;
  return [value.subject, value.action, value.resource].every((part) => typeof part === "object" && part !== null);
}

/** Inputs that wait for their verdict; more than this at once does not happen, and is not held. */
const PENDING_BYTES = 64 * 1024 * 1024;

/** Inputs whose verdict comes in a later segment, by stream. */
export class PendingInputs {
  readonly #held = new Map<string, Found>();
  #bytes = 0;

  hold(stream: string, input: Found): void {
    this.release(stream);
    if (this.#bytes + input.body.length > PENDING_BYTES) return;
    this.#held.set(stream, input);
    this.#bytes += input.body.length;
  }

  get(stream: string): Found | undefined {
    return this.#held.get(stream);
  }

  release(stream: string): void {
    if (this.#held.size === 0) return;
    this.#bytes -= this.#held.get(stream)?.body.length ?? 0;
    this.#held.delete(stream);
  }
}
