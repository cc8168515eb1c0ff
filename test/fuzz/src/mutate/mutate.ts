import type { Random } from "../engine/random.ts";
import type { Kind } from "../engine/target.ts";
import { mutateBytes } from "./bytes.ts";
import { mutateForm } from "./form.ts";
import { mutateJson } from "./json.ts";
import { mutateProtobuf } from "./protobuf.ts";
import { mutateText } from "./text.ts";

export type Material = {
  readonly kind: Kind;
  /** Inputs to begin with, and to splice with. */
  readonly pool: readonly Uint8Array[];
  readonly words: readonly string[];
  readonly mostBytes: number;
};

/** A new input: one of the pool with one to five changes, most of which know how it is built. */
export function mutated({ kind, pool, words, mostBytes }: Material, random: Random): Uint8Array {
  let input = random.pick(pool);
  for (let times = random.length(6); times > 0; times--) {
    const other = random.pick(pool);
    const next = (random.chance(0.85) ? mutateAs(kind, input, random, other, words) : undefined) ?? mutateBytes(input, random, other);
    if (next.length <= mostBytes) input = next;
  }
  return input;
}

function mutateAs(kind: Kind, input: Uint8Array, random: Random, other: Uint8Array, words: readonly string[]): Uint8Array | undefined {
  const text = (): string => Buffer.from(input).toString("utf8");
  switch (kind) {
    case "bytes":
      return mutateBytes(input, random, other);
    case "protobuf":
      return mutateProtobuf(input, random, other);
    case "text":
      return Buffer.from(mutateText(text(), random, words));
    case "form":
      return Buffer.from(mutateForm(text(), random, words));
    case "json": {
      const changed = mutateJson(text(), random, words);
      return changed === undefined ? undefined : Buffer.from(changed);
    }
    default:
      return kind satisfies never;
  }
}
