import { fromBinary } from "@bufbuild/protobuf";
import { RedeemGrantResponseSchema } from "@countersign/proto/v1/action_service_pb";

/** What a call recorded: this version of this action. */
export type Recorded = { readonly id: string; readonly version: number };

/** What a redemption recorded. Its receipt is small: there is nothing to skip. */
export function redemptionIn(reply: Uint8Array): Recorded {
  const { actionId, version } = fromBinary(RedeemGrantResponseSchema, reply);
  if (actionId === "") throw new Error("the receipt names no action");
  return { id: actionId, version: Number(version) };
}
