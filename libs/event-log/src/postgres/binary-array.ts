/**
 * Arrays as Postgres sends them itself. The driver would write them as quoted text, with bytes in hex: twice as long, and slower at both ends.
 * It passes a Buffer on as a binary parameter.
 */
export function byteaArray(values: readonly Uint8Array[]): Buffer {
  return encode(17, values);
}

export function textArray(values: readonly string[]): Buffer {
  return encode(
    25,
    values.map((value) => Buffer.from(value, "utf8")),
  );
}

export function uuidArray(values: readonly Uint8Array[]): Buffer {
  return encode(2950, values);
}

export function int8Array(values: readonly number[]): Buffer {
  return encode(20, values.map(int8));
}

export function int4Array(values: readonly number[]): Buffer {
  return encode(
    23,
    values.map((value) => {
      const bytes = Buffer.allocUnsafe(4);
      bytes.writeInt32BE(value);
      return bytes;
    }),
  );
}

export function timestamptzArray(values: readonly Date[]): Buffer {
  return encode(
    1184,
    values.map((value) => int8((value.getTime() - POSTGRES_EPOCH) * 1000)),
  );
}

function int8(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeInt32BE(Math.floor(value / 2 ** 32), 0);
  bytes.writeUInt32BE(((value % 2 ** 32) + 2 ** 32) % 2 ** 32, 4);
  return bytes;
}

/** Dimensions, has-nulls flag, element type; length and lower bound of the one dimension; then each element with its length. */
function encode(elementType: number, elements: readonly Uint8Array[]): Buffer {
  const header = elements.length === 0 ? 12 : 20;
  const array = Buffer.allocUnsafe(elements.reduce((size, element) => size + 4 + element.byteLength, header));
  array.writeInt32BE(elements.length === 0 ? 0 : 1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(elementType, 8);
  if (elements.length === 0) return array;
  array.writeInt32BE(elements.length, 12);
  array.writeInt32BE(1, 16);
  let at = header;
  for (const element of elements) {
    array.writeInt32BE(element.byteLength, at);
    array.set(element, at + 4);
    at += 4 + element.byteLength;
  }
  return array;
}

const POSTGRES_EPOCH = Date.UTC(2000, 0, 1);
