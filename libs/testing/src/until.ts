import { setTimeout as pause } from "node:timers/promises";

const LIMIT_MS = 30_000;

/** Waits until something holds that nobody tells a test of, however busy the machine is. @throws Error with the condition's text when it does not in 30 s. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > LIMIT_MS) throw new Error(`waited in vain: ${holds.toString()}`);
    await pause(2);
  }
}
