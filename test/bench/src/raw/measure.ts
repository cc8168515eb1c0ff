/** So many of one thing in a second, and the CPU of all processes that take part, for each. */
export type Figure = { readonly perSecond: number; readonly cpuMicros: number };

/** Something that can be repeated for a while: does it for about so many seconds and returns how often. */
export type Part = {
  readonly run: (seconds: number) => Promise<number>;
  /** CPU seconds so far of all who take part. */ readonly cpu: () => number;
};

/** Runs a part once, warm or not. */
export async function measure({ run, cpu }: Part, seconds: number): Promise<Figure> {
  const before = cpu();
  const start = performance.now();
  const count = await run(seconds);
  const elapsed = (performance.now() - start) / 1000;
  return { perSecond: count / elapsed, cpuMicros: ((cpu() - before) / count) * 1e6 };
}

/** Calls again and again, `waiting` at a time, until the time is over. */
export async function repeat(seconds: number, waiting: number, call: () => Promise<unknown>): Promise<number> {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() < end) {
      await call();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: waiting }, worker));
  return count;
}
