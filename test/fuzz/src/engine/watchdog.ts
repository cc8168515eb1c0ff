import { mkdirSync } from "node:fs";
import { Worker } from "node:worker_threads";

/** Longer than this on the wall, and it hangs: twelve times what processor time allows. */
const HANGS_AFTER_MS = 60_000;
/** Longest input that can be saved from a hang. */
const ROOM = 1024 * 1024;
const [SINCE, LENGTH] = [0, 1];

/** Looks at the thread that runs inputs from another one: an endless loop cannot tell of itself. */
export type Watchdog = {
  watch(input: Uint8Array): void;
  rest(): void;
  close(): Promise<void>;
};

const program = `
  const { writeFileSync } = require("node:fs");
  const { workerData: { shared, folder, name, limit } } = require("node:worker_threads");
  const state = new Int32Array(shared, 0, 2);
  let seen = 0;
  let since = 0;
  setInterval(() => {
    const run = Atomics.load(state, ${SINCE});
    if (run !== seen || run % 2 === 0) [seen, since] = [run, Date.now()];
    else if (Date.now() - since > limit) {
      const file = folder + "/hang";
      writeFileSync(file, new Uint8Array(shared, 8, Atomics.load(state, ${LENGTH})).slice());
      writeFileSync(2, "HANG in " + name + ": more than " + limit / 1000 + " s for one input, kept as " + file + "\\n");
      process.kill(process.pid, "SIGKILL");
    }
  }, 500);
`;

/** Ends the whole process when one input never ends, and leaves that input in the folder as `hang`. */
export function startWatchdog(name: string, folder: string, limit: number = HANGS_AFTER_MS): Watchdog {
  const shared = new SharedArrayBuffer(8 + ROOM);
  const state = new Int32Array(shared, 0, 2);
  const copy = new Uint8Array(shared, 8);
  mkdirSync(folder, { recursive: true });
  const worker = new Worker(program, { eval: true, workerData: { shared, folder, name, limit } });
  worker.unref();
  return {
    watch: (input) => {
      copy.set(input.subarray(0, ROOM));
      Atomics.store(state, LENGTH, Math.min(input.length, ROOM));
      // Odd while an input runs.
      Atomics.add(state, SINCE, 1);
    },
    rest: () => {
      Atomics.add(state, SINCE, 1);
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
