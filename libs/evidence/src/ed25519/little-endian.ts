/** Bytes as a number, the least first. */
export const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes.toReversed()).toString("hex")}`);

/** A number below 2^256 as 32 bytes, the least first. */
export const bytesOf = (number: bigint): Uint8Array => Buffer.from(number.toString(16).padStart(64, "0"), "hex").toReversed();
