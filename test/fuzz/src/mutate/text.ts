import type { Random } from "../engine/random.ts";
import { nested, repeated, specialNumber, specialText } from "./special.ts";

/** Words, numbers, white space, and every other character by itself. */
const TOKEN = /[\p{L}_][\p{L}\p{N}_]*|\p{N}+|\s+|[^]/gu;

type Mutation = (tokens: string[], at: number, random: Random, words: readonly string[]) => void;

const MUTATIONS: readonly Mutation[] = [
  (tokens, at, random) => tokens.splice(at, random.length(8)),
  (tokens, at, random) => tokens.splice(at, 0, ...tokens.slice(at, at + random.length(20))),
  (tokens, at, random) => tokens.splice(at, 1, random.pick(tokens)),
  (tokens, at, random) => tokens.splice(at, 1, specialText(random)),
  (tokens, at, random) => tokens.splice(at, 0, specialText(random)),
  (tokens, at, random) => tokens.splice(at, 1, repeated(random, tokens[at] ?? "")),
  (tokens, at, random) => tokens.splice(at, 1, nested(random, tokens[at] ?? "")),
  (tokens, at, random, words) => tokens.splice(at, 1, words.length === 0 ? specialText(random) : random.pick(words)),
  (tokens, at, random, words) => tokens.splice(at, 0, words.length === 0 ? specialText(random) : random.pick(words)),
  (tokens, _, random) => {
    const numbers = tokens.flatMap((token, index) => (/^\p{N}/u.test(token) ? [index] : []));
    if (numbers.length > 0) tokens[random.pick(numbers)] = specialNumber(random);
  },
  (tokens, at, random) => {
    const other = random.below(tokens.length);
    [tokens[at], tokens[other]] = [tokens[other] ?? "", tokens[at] ?? ""];
  },
];

/** Changes a text token by token, so that much of it still parses. */
export function mutateText(text: string, random: Random, words: readonly string[]): string {
  const tokens = text.match(TOKEN) ?? [""];
  random.pick(MUTATIONS)(tokens, random.below(tokens.length), random, words);
  return tokens.join("");
}
