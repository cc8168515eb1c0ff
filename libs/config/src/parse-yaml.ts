import { LineCounter, parseDocument } from "yaml";

/**
 * Reads the text of a file that operators write: YAML 1.2, or JSON, which is YAML. What the parser would only warn of is refused: its warnings go to standard
 * error with the lines around them, and those may hold secrets. No aliases; names of members are text.
 * @throws Error that says what is wrong and in which line, without the line
 */
export function parseYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { stringKeys: true, prettyErrors: false, logLevel: "error", lineCounter });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) throw new Error(`line ${lineCounter.linePos(problem.pos[0]).line}: ${problem.message}`);
  return document.toJS({ maxAliasCount: 0 }) as unknown;
}
