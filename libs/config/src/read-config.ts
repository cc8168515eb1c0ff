import type { z } from "zod";

/** Says everything that is wrong with the settings at once. Print its message and exit before listening. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`bad configuration:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

/**
 * Reads settings from the environment. `settings` maps each member of the schema to the name of its variable; an empty variable counts
 * as absent.
 * @throws ConfigError with one line per problem, each naming the variable.
 */
export function readConfig<Schema extends z.ZodObject>(
  schema: Schema,
  settings: { readonly [Member in keyof z.input<Schema>]-?: string },
  env: NodeJS.ProcessEnv,
): Readonly<z.output<Schema>> {
  const raw = Object.fromEntries(
    Object.entries<string>(settings).flatMap(([member, variable]) => (env[variable] ? [[member, env[variable]]] : [])),
  );
  const parsed = schema.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  throw new ConfigError(
    parsed.error.issues.map((issue) => {
      const variable = settings[String(issue.path[0]) as keyof typeof settings] ?? "?";
      return `${variable}: ${env[variable] ? problemOf(issue) : "is required"}`;
    }),
  );
}

/** A text that is no number has become NaN on the way, which nobody wrote. */
function problemOf(issue: z.core.$ZodIssue): string {
  return issue.code === "invalid_type" && issue.expected === "number" ? "must be a number" : issue.message;
}
