import { fromBinary, toBinary, type BinaryReadOptions, type DescMessage, type Message, type MessageShape } from "@bufbuild/protobuf";

/** What arrays of bytes hold, for as long as they live. */
const messages = new WeakMap<Uint8Array, Message>();

/**
 * Decodes the bytes of a request, once: within a process the very bytes that the front door has decoded come to whoever handles the command. So the message is shared, and nobody
 * may change it, nor the bytes.
 * @throws when the bytes are no such message.
 */
export function decoded<Schema extends DescMessage>(
  schema: Schema,
  bytes: Uint8Array,
  options?: Partial<BinaryReadOptions>,
): MessageShape<Schema> {
  const known = messages.get(bytes);
  if (known !== undefined && isOf(schema, known)) return known;
  const message = fromBinary(schema, bytes, options);
  messages.set(bytes, message);
  return message;
}

/** Encodes a request; within a process `decoded` gives the message back as it is. @param bytes what it is encoded, where somebody knows how to make that of parts that are encoded already. */
export function encoded<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
  bytes: Uint8Array = toBinary(schema, message),
): Uint8Array {
  messages.set(bytes, message);
  return bytes;
}

function isOf<Schema extends DescMessage>(schema: Schema, message: Message): message is MessageShape<Schema> {
  return message.$typeName === schema.typeName;
}
