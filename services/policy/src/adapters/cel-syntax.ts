/** What others write, and how CEL does. */
const WRITTEN: Readonly<Record<string, string>> = {
  "=": "==",
  "===": "==",
  "<>": "!=",
  "!==": "!=",
  "=<": "<=",
  "=>": ">=",
  and: "&&",
  "&": "&&",
  or: "||",
  "|": "||",
  is: "==",
  not: "!",
};
const OPERATORS = new Set(["==", "!=", "<", "<=", ">", ">=", "&&", "||", "in", "?", "+", "-", "*", "/", "%", "(", "[", "."]);

/** What is wrong where the parser stopped: it names one character, and what it expects is the end. */
export function syntaxProblem(source: string, message: string): string {
  const [whole = "", line = "1", column = "1"] = /^<input>:(\d+):(\d+): /.exec(message) ?? [];
  if (whole === "") return message;
  const text = source.split("\n")[Number(line) - 1] ?? "";
  const [found = ""] = /^(?:\w+|[=<>!&|]+|.)/u.exec(text.slice(Number(column) - 1)) ?? [];
  const before = /\bnot(?=\s+$)/i.exec(text.slice(0, Number(column) - 1))?.[0];
  const where = `line ${line}, column ${column} of the condition: `;
  const word = [found, before ?? ""].find((one) => Object.hasOwn(WRITTEN, one.toLowerCase()));
  if (word !== undefined) return `${where}"${word}" is written ${WRITTEN[word.toLowerCase()]}`;
  if (OPERATORS.has(found)) return `${where}what follows "${found}" cannot be read; is an operand, a quote or a parenthesis missing?`;
  return where + message.slice(whole.length);
}
