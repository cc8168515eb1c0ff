import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** What waiting needs to know of an action. */
export type ActionState = { readonly id: string; readonly status: number; readonly version: number };

/**
 * Reads id, status and version out of a reply whose field 1 is the action or its state (they agree on these fields), and nothing else:
 * such replies are passed on as they are, so decoding the rest would be for nothing.
 */
export function actionStateOf(reply: Uint8Array): ActionState {
  const reader = new BinaryReader(reply);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) return readAction(new BinaryReader(reader.bytes()));
    reader.skip(wireType, field);
  }
  throw new Error("the reply holds no action");
}

function readAction(reader: BinaryReader): ActionState {
  let [id, status, version] = ["", 0, 0];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1) id = reader.string();
    else if (field === 3) status = reader.int32();
    else if (field === 4) version = Number(reader.uint64());
    else reader.skip(wireType, field);
  }
  return { id, status, version };
}
