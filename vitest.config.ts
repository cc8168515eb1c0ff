import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const ELSEWHERE = ["**/node_modules/**", "proto/gen/**", ".countersign/**", "tmp/**"];
/** Tests with servers and processes of their own. */
const REAL = ["**/*.int.test.ts", "**/*.e2e.test.ts"];

export default defineConfig({
  test: {
    projects: [
      // What is pure leaves nothing behind, so one worker runs file after file.
      { extends: true, test: { name: "pure", include: ["**/*.test.ts"], exclude: [...ELSEWHERE, ...REAL], isolate: false } },
      { extends: true, test: { name: "real", include: REAL, exclude: ELSEWHERE, globalSetup: ["libs/testing/src/global-setup.ts"] } },
    ],
    // Every worker shares one PostgreSQL and one nats-server: more workers only make the timing tests wait for each other.
    maxWorkers: Math.min(2, availableParallelism()),
    pool: "forks",
    // Waiting conditions are met in milliseconds; on a machine that is busy with something else they take what they take.
    testTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    watch: false,
    allowOnly: false,
    passWithNoTests: false,
    restoreMocks: true,
    unstubEnvs: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
