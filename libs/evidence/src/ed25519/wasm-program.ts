/** Just enough of WebAssembly's binary format (W3C core specification, section 5) to write arithmetic down as a program of TypeScript. */
export type Code = readonly number[];

const leb = (value: number | bigint): number[] => {
  const rest = BigInt(value);
  const last = rest >= -64n && rest < 64n;
  return last ? [Number(rest & 127n)] : [Number(rest & 127n) | 128, ...leb(rest >> 7n)];
};
/** Sizes, counts and indices: without a sign. */
const size = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...size(value >>> 7)]);
const vector = (items: readonly Code[]): number[] => [...size(items.length), ...items.flat()];
const sized = (content: Code): number[] => [...size(content.length), ...content];

export const I32 = 0x7f;
export const I64 = 0x7e;
export const get = (local: number): Code => [0x20, ...size(local)];
export const set = (local: number): Code => [0x21, ...size(local)];
export const constant32 = (value: number): Code => [0x41, ...leb(value)];
export const constant64 = (value: number): Code => [0x42, ...leb(value)];
export const load32 = (offset: number): Code => [0x28, 2, ...size(offset)];
export const store32 = (offset: number): Code => [0x36, 2, ...size(offset)];
/** Four bytes of memory from and to the low half of 64 bits, with their sign. */
export const load32As64 = (offset: number): Code => [0x34, 2, ...size(offset)];
export const store64As32 = (offset: number): Code => [0x3e, 2, ...size(offset)];
export const call = (number: number): Code => [0x10, ...size(number)];
export const ADD32: Code = [0x6a];
export const SUB32: Code = [0x6b];
export const ADD64: Code = [0x7c];
export const SUB64: Code = [0x7d];
export const MUL64: Code = [0x7e];
export const SHIFT_LEFT64: Code = [0x86];
export const SHIFT_RIGHT64: Code = [0x87];

/** A function of `parameters` addresses and no result, with `locals` of 64 bits behind its parameters. */
export type WasmFunction = { readonly name: string; readonly parameters: number; readonly locals: number; readonly body: Code };

/** What every module of version 1 begins with. */
const MAGIC: Code = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module that computes in a memory which it imports as `env.memory`, and exports all its functions. */
export function wasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const text = (value: string): number[] => sized([...Buffer.from(value)]);
  const section = (id: number, content: Code): number[] => [id, ...sized(content)];
  return Uint8Array.from([
    ...MAGIC,
    ...section(1, vector(functions.map(({ parameters }) => [0x60, ...vector(Array.from({ length: parameters }, () => [I32])), 0]))),
    ...section(2, vector([[...text("env"), ...text("memory"), 2, 0, 1]])),
    ...section(3, vector(functions.map((_, number) => size(number)))),
    ...section(7, vector(functions.map(({ name }, number) => [...text(name), 0, ...size(number)]))),
    ...section(10, vector(functions.map(({ locals, body }) => sized([1, ...size(locals), I64, ...body, 0x0b])))),
  ]);
}
