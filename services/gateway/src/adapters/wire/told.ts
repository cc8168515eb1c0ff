/** Both fields of RequestAndWatchResponse hold a message, whose bytes are passed on as they are. */
const [REQUESTED, CHANGED] = [0x0a, 0x12];

/** A reply of RequestAction as RequestAndWatch tells it. */
export const requested = (reply: Uint8Array): Uint8Array => wrapped(REQUESTED, reply);

/** A message of WatchAction as RequestAndWatch tells it. */
export const changed = (message: Uint8Array): Uint8Array => wrapped(CHANGED, message);

function wrapped(tag: number, message: Uint8Array): Uint8Array {
  const head = [tag];
  let length = message.length;
  for (; length > 0x7f; length >>>= 7) head.push((length & 0x7f) | 0x80);
  head.push(length);
  const bytes = new Uint8Array(head.length + message.length);
  bytes.set(head);
  bytes.set(message, head.length);
  return bytes;
}
