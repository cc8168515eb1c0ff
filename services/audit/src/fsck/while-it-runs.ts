import type { Check, Finding } from "../ledger/flaws.ts";

const TICK_MS = 250;

/** What a function that calls back says, as a check says it. Of progress only the newest is told, some times a second. */
export async function* whileItRuns<Said, Result>(
  run: (report: (said: Said) => void) => Promise<Result>,
  toFinding: (said: Said) => Finding,
): Check<Result> {
  let waiting: Finding[] = [];
  let over = false;
  const running = run((said) => {
    const finding = toFinding(said);
    const last = waiting.at(-1);
    if ("progress" in finding && last !== undefined && "progress" in last) waiting.pop();
    waiting.push(finding);
  });
  const ended = running.then(
    () => (over = true),
    () => (over = true),
  );
  for (;;) {
    const findings = waiting;
    waiting = [];
    yield* findings;
    if (over && waiting.length === 0) return running;
    if (waiting.length === 0) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TICK_MS).unref())]);
  }
}
