import type { Random } from "../engine/random.ts";
import { nested, repeated, specialNumber, specialText } from "./special.ts";

/** Stands where text is put in after the rest became JSON: numbers and depths that no value of JavaScript can hold. */
const HOLE = "\u{f0000}hole\u{f0000}";

type Place = { readonly get: () => unknown; readonly set: (value: unknown) => void; readonly remove: () => void };

/** Changes a JSON text value by value. Undefined when it is no JSON. */
export function mutateJson(text: string, random: Random, words: readonly string[]): string | undefined {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    return undefined;
  }
  let filling = "null";
  const top: Place = { get: () => root, set: (value) => (root = value), remove: () => (root = null) };
  const places = [top, ...placesIn(root, 0)];
  const place = random.pick(places);
  switch (random.below(8)) {
    case 0:
      place.remove();
      break;
    case 1:
      place.set(random.pick(places).get());
      break;
    case 2:
      place.set(HOLE);
      filling = specialNumber(random).replace(/^0x/, "");
      break;
    case 3:
      place.set(HOLE);
      filling = nested(random, JSON.stringify(specialText(random)));
      break;
    case 4:
      place.set(addMember(place.get(), random, random.pick(places).get(), words));
      break;
    case 5:
      place.set(typeof place.get() === "string" ? repeated(random, String(place.get()).slice(0, 200)) : oddValue(random));
      break;
    case 6:
      place.set(words.length > 0 ? random.pick(words) : specialText(random));
      break;
    default:
      place.set(oddValue(random));
  }
  return write(root, filling);
}

/** A value may stand at several places by now, and within itself: then there is no text of it. */
function write(root: unknown, filling: string): string | undefined {
  try {
    return (JSON.stringify(root) ?? "").replaceAll(JSON.stringify(HOLE), () => filling);
  } catch {
    return undefined;
  }
}

function oddValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => specialText(random),
    () => [],
    () => ({}),
    () => null,
    () => true,
    () => 0,
    () => -1.5,
    () => Array.from({ length: random.length(2000) }, (_, index) => index),
  ])();
}

function addMember(value: unknown, random: Random, member: unknown, words: readonly string[]): unknown {
  if (Array.isArray(value)) return [...(value as unknown[]), member];
  const name = words.length > 0 && random.chance(0.5) ? random.pick(words) : specialText(random);
  const members = typeof value === "object" && value !== null ? Object.entries(value) : [];
  // By entries, so that `__proto__` becomes a member like any other.
  return Object.fromEntries([...members, [name, member]]);
}

function placesIn(value: unknown, depth: number): readonly Place[] {
  if (typeof value !== "object" || value === null || depth > 30) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [
    {
      get: () => holder[key],
      set: (next: unknown) =>
        void Object.defineProperty(holder, key, { value: next, enumerable: true, configurable: true, writable: true }),
      remove: () => (Array.isArray(holder) ? void holder.splice(Number(key), 1) : void Reflect.deleteProperty(holder, key)),
    },
    ...placesIn(holder[key], depth + 1),
  ]);
}
