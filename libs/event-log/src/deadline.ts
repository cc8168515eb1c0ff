import { AsyncLocalStorage } from "node:async_hooks";

const deadlines = new AsyncLocalStorage<number>();

/** Does work for somebody who waits for so long: what of it is still in a queue afterwards is dropped. */
export function withinTime<Result>(timeoutMs: number, work: () => Result): Result {
  return deadlines.run(performance.now() + timeoutMs, work);
}

/** When nobody waits any more for what is done here, by `performance.now()`; Infinity when nobody ever said. */
export function currentDeadline(): number {
  return deadlines.getStore() ?? Infinity;
}
