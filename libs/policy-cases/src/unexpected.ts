import { isDeepStrictEqual } from "node:util";
import type { Expectation } from "./cases-schema.ts";

/** What a policy answered, in the words of a case. Of no review: no stages, and no quorum. */
export type Answer = Required<Omit<Expectation, "outcome">> & { readonly outcome: string };

export type Unexpected = { readonly what: string; readonly expected: string; readonly answered: string };

/** Where an answer is another than the expected one. */
export function unexpectedIn(answer: Answer, expected: Expectation): readonly Unexpected[] {
  return Object.entries(expected).flatMap(([what, value]) => {
    const answered = answer[what as keyof Answer];
    return isDeepStrictEqual(answered, value) ? [] : [{ what, expected: inWords(value), answered: inWords(answered) }];
  });
}

function inWords(value: unknown): string {
  return typeof value === "string" && value !== "" ? value : JSON.stringify(value);
}
