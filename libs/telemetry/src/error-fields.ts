/** Causes of causes, at most. */
const DEEPEST = 5;

/** Of an error what helps to mend it: kind, sentence, code, frames and causes. Other members stay out: drivers put rows, statements and addresses there. */
export function errorFields(error: unknown, depth = 0): object {
  if (!(error instanceof Error)) return { type: typeof error };
  const code = "code" in error && (typeof error.code === "string" || typeof error.code === "number") ? { code: error.code } : {};
  const errors =
    error instanceof AggregateError && depth < DEEPEST ? { errors: error.errors.map((each) => errorFields(each, depth + 1)) } : {};
  const cause = error.cause === undefined || depth >= DEEPEST ? {} : { cause: errorFields(error.cause, depth + 1) };
  return { type: error.name, message: sentenceOf(error), ...code, ...errors, ...cause, stack: framesOf(error) };
}

/** Postgres quotes the value that it refuses: data exceptions (22) and violations (23) are told by their code alone. */
function sentenceOf(error: Error): string {
  const quotes = "severity" in error && "code" in error && /^2[23]/.test(String(error.code));
  return quotes ? "Postgres refused a value" : error.message;
}

/** Without the first lines, which repeat the message. */
function framesOf({ stack = "" }: Error): string {
  return stack
    .split("\n")
    .filter((line) => line.startsWith("    at "))
    .join("\n");
}
