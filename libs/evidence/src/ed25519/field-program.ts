import * as wasm from "./wasm-program.ts";
import type { Code, WasmFunction } from "./wasm-program.ts";

/** Limbs of a number below 2^255 - 19: ten of 26 and 25 bits in turn, with signs, each in four bytes (Bernstein, "Curve25519", 2006, section 4). */
export const LIMBS = 10;
export const ELEMENT = 4 * LIMBS;
export const bitsOf = (limb: number): number => (limb % 2 === 0 ? 26 : 25);

const limbs = Array.from({ length: LIMBS }, (_, limb) => limb);

/** out = left +- right. Bounds as in the reference implementation of Ed25519: at most two of these between products. */
function sum(name: string, operation: Code): WasmFunction {
  const body = limbs.flatMap((limb) => [
    ...wasm.get(0),
    ...wasm.get(1),
    ...wasm.load32(4 * limb),
    ...wasm.get(2),
    ...wasm.load32(4 * limb),
    ...operation,
    ...wasm.store32(4 * limb),
  ]);
  return { name, parameters: 3, locals: 0, body };
}

/** out = left * right. */
function product(): WasmFunction {
  const parameters = 3;
  const local = (place: number) => (limb: number) => parameters + place * LIMBS + limb;
  const [left, right, twice, folded, result] = [local(0), local(1), local(2), local(3), local(4)];
  const times = (from: number, factor: number, to: number): Code => [
    ...wasm.get(from),
    ...wasm.constant64(factor),
    ...wasm.MUL64,
    ...wasm.set(to),
  ];
  const term = (limb: number, place: number): Code => {
    const other = (place - limb + LIMBS) % LIMBS;
    // Two odd limbs meet half a bit too low; what lies above 2^255 counts 19 times below.
    const first = limb % 2 === 1 && other % 2 === 1 ? twice(limb) : left(limb);
    return [...wasm.get(first), ...wasm.get(limb + other < LIMBS ? right(other) : folded(other)), ...wasm.MUL64];
  };
  const body = [
    ...limbs.flatMap((limb) => [...wasm.get(1), ...wasm.load32As64(4 * limb), ...wasm.set(left(limb))]),
    ...limbs.flatMap((limb) => [...wasm.get(2), ...wasm.load32As64(4 * limb), ...wasm.set(right(limb))]),
    ...limbs.filter((limb) => limb % 2 === 1).flatMap((limb) => times(left(limb), 2, twice(limb))),
    ...limbs.filter((limb) => limb > 0).flatMap((limb) => times(right(limb), 19, folded(limb))),
    ...limbs.flatMap((place) => [
      ...limbs.flatMap((limb) => [...term(limb, place), ...(limb === 0 ? [] : wasm.ADD64)]),
      ...wasm.set(result(place)),
    ]),
    ...[0, 4, 1, 5, 2, 6, 3, 7, 4, 8, 9, 0].flatMap((limb) => carry(limb, result, parameters + 5 * LIMBS)),
    ...limbs.flatMap((limb) => [...wasm.get(0), ...wasm.get(result(limb)), ...wasm.store64As32(4 * limb)]),
  ];
  return { name: "multiply", parameters, locals: 5 * LIMBS + 1, body };
}

function carry(limb: number, result: (limb: number) => number, over: number): Code {
  const bits = bitsOf(limb);
  const next = result((limb + 1) % LIMBS);
  return [
    ...wasm.get(result(limb)),
    ...wasm.constant64(2 ** (bits - 1)),
    ...wasm.ADD64,
    ...wasm.constant64(bits),
    ...wasm.SHIFT_RIGHT64,
    ...wasm.set(over),
    ...wasm.get(next),
    ...wasm.get(over),
    ...(limb === LIMBS - 1 ? [...wasm.constant64(19), ...wasm.MUL64] : []),
    ...wasm.ADD64,
    ...wasm.set(next),
    ...wasm.get(result(limb)),
    ...wasm.get(over),
    ...wasm.constant64(bits),
    ...wasm.SHIFT_LEFT64,
    ...wasm.SUB64,
    ...wasm.set(result(limb)),
  ];
}

const [ADD, SUBTRACT, MULTIPLY] = [0, 1, 2];

/**
 * point += or -= a point of a table. The point is X, Y, Z, T (extended coordinates), the table's is y+x, y-x, 2dxy with Z = 1 (RFC 8032, section 5.1.4; complete on this curve: no case
 * is special).
 */
function mixed(name: string, subtract: boolean): WasmFunction {
  const scratch = (place: number): Code => wasm.constant32(place * ELEMENT);
  const [x, y, z, t, twoZ] = [scratch(0), scratch(1), scratch(2), scratch(3), scratch(4)];
  const member = (local: number, place: number): Code => [...wasm.get(local), ...wasm.constant32(place * ELEMENT), ...wasm.ADD32];
  const point = { x: member(0, 0), y: member(0, 1), z: member(0, 2), t: member(0, 3) };
  const [plus, minus] = subtract ? [member(1, 1), member(1, 0)] : [member(1, 0), member(1, 1)];
  const step = (operation: number, out: Code, left: Code, right: Code): Code => [...out, ...left, ...right, ...wasm.call(operation)];
  const body = [
    ...step(ADD, x, point.y, point.x),
    ...step(SUBTRACT, y, point.y, point.x),
    ...step(MULTIPLY, z, x, plus),
    ...step(MULTIPLY, y, y, minus),
    ...step(MULTIPLY, t, member(1, 2), point.t),
    ...step(ADD, twoZ, point.z, point.z),
    ...step(SUBTRACT, x, z, y),
    ...step(ADD, y, z, y),
    ...step(subtract ? SUBTRACT : ADD, z, twoZ, t),
    ...step(subtract ? ADD : SUBTRACT, t, twoZ, t),
    ...step(MULTIPLY, point.x, x, t),
    ...step(MULTIPLY, point.y, y, z),
    ...step(MULTIPLY, point.z, z, t),
    ...step(MULTIPLY, point.t, x, y),
  ];
  return { name, parameters: 2, locals: 0, body };
}

/** Where memory is free: behind what `mixed` computes with. */
export const FREE = 5 * ELEMENT;

/** Arithmetic of the curve's field, and of its points as far as adding up multiples from tables needs it. */
export function fieldProgram(): Uint8Array<ArrayBuffer> {
  return wasm.wasmModule([
    sum("add", wasm.ADD32),
    sum("subtract", wasm.SUB32),
    product(),
    mixed("addPoint", false),
    mixed("subtractPoint", true),
  ]);
}
