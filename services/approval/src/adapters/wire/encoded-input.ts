import { create, toBinary, type UnknownField } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { ActionInputSchema } from "@countersign/proto/v1/action_pb";
import type { ActionInput } from "../../usecases/ports.ts";
import { oncePer } from "./once-per.ts";

/**
 * The input as a field that is encoded already. `google.protobuf.Struct` is what costs most in our messages, and one input goes into the
 * question to policy and into every reply: it is encoded once and then copied, as protobuf copies fields that it does not know.
 */
export function inputField(no: number, input: ActionInput): UnknownField {
  return { no, wireType: WireType.LengthDelimited, data: encoded(input) };
}

const encoded = oncePer((input: ActionInput) =>
  new BinaryWriter().bytes(toBinary(ActionInputSchema, create(ActionInputSchema, input))).finish(),
);
