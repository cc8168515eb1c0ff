import type { UnknownField } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodePart } from "@countersign/events";
import { ActionInputSchema } from "@countersign/proto/v1/action_pb";
import type { ActionInput } from "../../usecases/ports.ts";
import { oncePer } from "./once-per.ts";

/** One input goes into the question to policy and into every reply. */
export const encodedInput = oncePer((input: ActionInput) => encodePart(ActionInputSchema, input));

/** The input for a message of the library's, which copies fields that it does not know. */
export function inputField(no: number, input: ActionInput): UnknownField {
  return { no, wireType: WireType.LengthDelimited, data: new BinaryWriter().bytes(encodedInput(input).bytes).finish() };
}
