import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "proto/gen/**", ".countersign/**", "tmp/**"],
    globalSetup: ["libs/testing/src/global-setup.ts"],
    // Every worker shares one PostgreSQL and one nats-server: more workers only make the timing tests wait for each other.
    maxWorkers: Math.min(2, availableParallelism()),
    pool: "forks",
    // Waiting conditions are met in milliseconds; on a machine that is busy with something else they take what they take.
    testTimeout: 40_000,
    expect: { poll: { timeout: 15_000 } },
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    watch: false,
    allowOnly: false,
    passWithNoTests: false,
    restoreMocks: true,
    unstubEnvs: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
