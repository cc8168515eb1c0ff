import { CommandError } from "@countersign/bus";

/** Beyond this many nobody reads them, and the reply would not fit its headers. */
const MAX_VIOLATIONS = 40;

/** Gathers everything that is wrong with one request, so that the caller learns it at once. */
export class Violations {
  readonly #list: { readonly field: string; readonly description: string }[] = [];

  /** @param description what is wrong and how to mend it. */
  add(field: string, description: string): void {
    if (this.#list.length < MAX_VIOLATIONS) this.#list.push({ field: shortened(field), description });
  }

  /** @throws CommandError INVALID_ARGUMENT when there is any. */
  throwIfAny(): void {
    if (this.#list.length === 0) return;
    const first = this.#list.map(({ field, description }) => `${field} ${description}`)[0];
    const others = this.#list.length > 1 ? ` (and ${this.#list.length - 1} more)` : "";
    throw new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", `${first}${others}`, { violations: this.#list });
  }
}

/** A path holds member names of the caller's own making. */
function shortened(field: string): string {
  return field.length <= 200 ? field : `${field.slice(0, 120)}...${field.slice(-60)}`;
}
