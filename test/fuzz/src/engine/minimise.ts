/** Runs of a failing input that making it smaller may cost. */
const MOST_TRIES = 400;

/**
 * Takes parts away as long as the rest still breaks: halves first, then ever smaller pieces. Deterministic.
 * @param breaks whether an input still shows the same problem
 */
export async function minimise(input: Uint8Array, breaks: (input: Uint8Array) => Promise<boolean>): Promise<Uint8Array> {
  let smallest = input;
  let tries = 0;
  for (let size = Math.ceil(input.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length && tries < MOST_TRIES;) {
      const without = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      tries += 1;
      if (await breaks(without)) smallest = without;
      else at += size;
    }
  }
  return smallest;
}
