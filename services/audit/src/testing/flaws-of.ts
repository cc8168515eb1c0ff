import type { Check, Flaw } from "../ledger/flaws.ts";

/** Runs a check to its end. */
export async function flawsOf<Result>(check: Check<Result>): Promise<{ readonly flaws: Flaw[]; readonly result: Result }> {
  const flaws: Flaw[] = [];
  for (;;) {
    const next = await check.next();
    if (next.done === true) return { flaws, result: next.value };
    if ("flaw" in next.value) flaws.push(next.value.flaw);
  }
}
