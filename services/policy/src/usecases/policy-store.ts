import type { Moment } from "@countersign/event-log";
import type { PolicyEvent } from "../domain/stream-events.ts";
import type { PolicyState, Revision } from "../domain/stream-state.ts";
import type { PrincipalRef } from "../domain/input.ts";

/** A tenant's policy stream as it was read. */
export type PolicyStream = { readonly version: number; readonly state: PolicyState };

/** A document's text with the digests it is known by, lower-case hex. */
export type SealedDocument = {
  readonly text: string;
  /** SHA-256 of the text. */
  readonly documentDigest: string;
  /** SHA-256 of salt and text: what the text is stored under. */
  readonly contentDigest: string;
  readonly salt: Uint8Array;
};

export type PolicyAppend = {
  readonly tenant: string;
  readonly expectedVersion: number;
  readonly events: readonly PolicyEvent[];
  readonly document?: SealedDocument | undefined;
  readonly actor: PrincipalRef;
  readonly timeMs: number;
  readonly traceparent: string;
};

/** Where policies are kept. */
export type PolicyStore = {
  /**
   * The stream as it is now. What is already known is not read again.
   * @throws PolicyStoreError when it cannot be read or understood.
   */
  load(tenant: string, known?: PolicyStream): Promise<PolicyStream>;
  /** The stream as it was at a moment. @throws PolicyStoreError */
  past(tenant: string, moment: Moment): Promise<PolicyStream>;
  /** Appends; false when somebody else appended first. @throws PolicyStoreError; then the outcome is not known. */
  append(append: PolicyAppend): Promise<boolean>;
  /** The text of a revision, checked against its digests; undefined when it was erased. @throws PolicyStoreError */
  readDocument(tenant: string, revision: Revision): Promise<string | undefined>;
  seal(text: string): SealedDocument;
};

/** `unreachable`: the log does not answer, try again; `unreadable`: what is stored cannot be trusted or understood by this build. */
export class PolicyStoreError extends Error {
  override readonly name = "PolicyStoreError";
  readonly code: "unreachable" | "unreadable";

  constructor(code: "unreachable" | "unreadable", message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
