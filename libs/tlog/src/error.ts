/** Why bytes were refused. A caller acts on these words; the message is for people and quotes no more than a position. */
export type TlogErrorCode =
  // what the bytes are made of
  | "text_malformed"
  | "number_malformed"
  | "number_out_of_range"
  | "base64_malformed"
  | "hash_malformed"
  | "too_large"
  // Merkle tree
  | "index_out_of_range"
  | "range_malformed"
  | "node_missing"
  | "proof_length_wrong"
  | "root_mismatch"
  // tiles
  | "tile_path_malformed"
  | "tile_malformed"
  | "entry_too_large"
  | "entry_bundle_malformed"
  // keys, notes, checkpoints
  | "key_malformed"
  | "key_type_unsupported"
  | "key_id_mismatch"
  | "key_ambiguous"
  | "note_malformed"
  | "signature_malformed"
  | "signature_invalid"
  | "signature_missing"
  | "timestamp_out_of_range"
  | "checkpoint_malformed"
  | "origin_unknown"
  // files and bodies
  | "proof_malformed"
  | "witness_request_malformed"
  | "witness_conflict"
  | "witness_response_malformed"
  | "policy_malformed"
  | "quorum_missed";

/** The one error of this library: malformed, forged or insufficient input. Anything else that is thrown is a bug here. */
export class TlogError extends Error {
  readonly code: TlogErrorCode;

  constructor(code: TlogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "TlogError";
    this.code = code;
  }
}
