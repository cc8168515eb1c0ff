/**
 * Arrays as Postgres sends them itself. The driver would write them as quoted text, with bytes in hex: twice as long, and slower at both ends.
 * It passes a Buffer on as a binary parameter.
 */
export function byteaArray(values: readonly Uint8Array[]): Buffer {
  return bytesArray(17, values);
}

export function uuidArray(values: readonly Uint8Array[]): Buffer {
  return bytesArray(2950, values);
}

export function textArray(values: readonly string[]): Buffer {
  // No text has more bytes in UTF-8 than three for each of its UTF-16 units.
  const array = begin(25, values.length, 3 * values.reduce((units, value) => units + value.length, 0));
  let at = HEADER;
  for (const value of values) {
    const length = array.write(value, at + 4, "utf8");
    array.writeInt32BE(length, at);
    at += 4 + length;
  }
  return array.subarray(0, values.length === 0 ? HEADER_OF_NONE : at);
}

export function int8Array(values: readonly number[]): Buffer {
  return numbersArray(20, 8, values, writeInt8);
}

export function int4Array(values: readonly number[]): Buffer {
  return numbersArray(23, 4, values, (array, value, at) => array.writeInt32BE(value, at));
}

export function timestamptzArray(values: readonly Date[]): Buffer {
  return numbersArray(1184, 8, values, (array, value, at) => writeInt8(array, (value.getTime() - POSTGRES_EPOCH) * 1000, at));
}

function writeInt8(array: Buffer, value: number, at: number): number {
  array.writeInt32BE(Math.floor(value / 2 ** 32), at);
  return array.writeUInt32BE(((value % 2 ** 32) + 2 ** 32) % 2 ** 32, at + 4);
}

function numbersArray<Value>(
  elementType: number,
  size: number,
  values: readonly Value[],
  write: (array: Buffer, value: Value, at: number) => number,
): Buffer {
  const array = begin(elementType, values.length, size * values.length);
  let at = values.length === 0 ? HEADER_OF_NONE : HEADER;
  for (const value of values) at = write(array, value, array.writeInt32BE(size, at));
  return array;
}

function bytesArray(elementType: number, values: readonly Uint8Array[]): Buffer {
  const array = begin(
    elementType,
    values.length,
    values.reduce((bytes, value) => bytes + value.byteLength, 0),
  );
  let at = HEADER;
  for (const value of values) {
    array.writeInt32BE(value.byteLength, at);
    array.set(value, at + 4);
    at += 4 + value.byteLength;
  }
  return array;
}

/** Dimensions, has-nulls flag, element type; length and lower bound of the one dimension; then room for each element with its length. */
function begin(elementType: number, length: number, bytes: number): Buffer {
  const array = Buffer.allocUnsafe(length === 0 ? HEADER_OF_NONE : HEADER + 4 * length + bytes);
  array.writeInt32BE(length === 0 ? 0 : 1, 0);
  array.writeInt32BE(0, 4);
  array.writeInt32BE(elementType, 8);
  if (length === 0) return array;
  array.writeInt32BE(length, 12);
  array.writeInt32BE(1, 16);
  return array;
}

/** Bytes before the first element, and of an array without any. */
const HEADER = 20;
const HEADER_OF_NONE = 12;

const POSTGRES_EPOCH = Date.UTC(2000, 0, 1);
