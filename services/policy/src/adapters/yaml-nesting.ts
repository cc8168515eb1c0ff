import { Lexer } from "yaml";
import type { Problem } from "./problem.ts";

const MAX_DEPTH = 20;

/**
 * Finds nesting that would cost a recursive parser its stack, from the tokens alone. Only brackets and compact `- - -` can nest deeply in
 * few characters; nesting by indentation is bounded by the size of the text.
 */
export function nestingProblem(text: string): Problem | undefined {
  let line = 1;
  let flowDepth = 0;
  let compact = 0;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") flowDepth++;
    else if (token === "]" || token === "}") flowDepth--;
    else if (token === "-" || token === "?") compact++;
    if (flowDepth > MAX_DEPTH || compact > MAX_DEPTH) return { path: "", message: `is nested more than ${MAX_DEPTH} deep`, line };
    const breaks = countBreaks(token);
    line += breaks;
    if (breaks > 0) compact = 0;
  }
  return undefined;
}

function countBreaks(token: string): number {
  let count = 0;
  for (let at = token.indexOf("\n"); at >= 0; at = token.indexOf("\n", at + 1)) count++;
  return count;
}
