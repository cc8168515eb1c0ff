import type { Durability } from "@countersign/proto/v1/durability_pb";

export const DURABILITY_HELP = "answer once the record is this firm: recorded (default), sealed, or witnessed";

/** What `--durability` was given as. */
export type Firm = { readonly durability?: Durability };

/** The request's member, where it was given. */
export function firm({ durability }: Firm): Firm {
  return durability === undefined ? {} : { durability };
}
