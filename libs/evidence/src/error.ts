/** Why an archive could not be read on, or could not be written. */
export type EvidenceErrorCode =
  /** The container is broken here; nothing behind this place can be understood. */
  | "archive_malformed"
  /** A member is longer than any that we write, or there are more than any archive has. */
  | "too_large"
  /** What was to be exported does not fit together: the log, the tree and the checkpoint do not agree. */
  | "source_inconsistent";

/** The one error of this library for bad input; `offset` is the byte of the archive where it was noticed. */
export class EvidenceError extends Error {
  override readonly name = "EvidenceError";
  readonly code: EvidenceErrorCode;
  readonly offset: number | undefined;

  constructor(code: EvidenceErrorCode, message: string, options: ErrorOptions & { readonly offset?: number } = {}) {
    super(message, options);
    this.code = code;
    this.offset = options.offset;
  }
}
