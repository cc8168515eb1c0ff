import type { Random } from "../engine/random.ts";

const ODD_BYTES = [0, 1, 0x0a, 0x22, 0x7f, 0x80, 0xc0, 0xff];

type Mutation = (input: Buffer, random: Random, other: Uint8Array) => Buffer;

const replaced = (input: Buffer, at: number, length: number, by: Uint8Array): Buffer =>
  Buffer.concat([input.subarray(0, at), by, input.subarray(at + length)]);

const flip: Mutation = (input, random) => {
  const copy = Buffer.from(input);
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
};

const odd: Mutation = (input, random) => replaced(input, random.below(input.length), 1, Buffer.of(random.pick(ODD_BYTES)));

const insert: Mutation = (input, random) =>
  replaced(input, random.below(input.length + 1), 0, Buffer.from(Array.from({ length: random.length(16) }, () => random.below(256))));

const remove: Mutation = (input, random) => replaced(input, random.below(input.length), random.length(input.length), Buffer.alloc(0));

const truncate: Mutation = (input, random) => input.subarray(0, random.below(input.length));

const repeat: Mutation = (input, random) => {
  const at = random.below(input.length);
  const part = input.subarray(at, at + random.length(64));
  return replaced(input, at, 0, Buffer.concat(Array.from({ length: random.length(500) }, () => part)));
};

const splice: Mutation = (input, random, other) =>
  Buffer.concat([input.subarray(0, random.below(input.length + 1)), other.subarray(random.below(other.length + 1))]);

const MUTATIONS: readonly Mutation[] = [flip, odd, insert, remove, truncate, repeat, splice];

/** Changes bytes without knowing what they mean. */
export function mutateBytes(input: Uint8Array, random: Random, other: Uint8Array): Buffer {
  const buffer = Buffer.from(input);
  return buffer.length === 0 ? Buffer.from(other) : random.pick(MUTATIONS)(buffer, random, other);
}
