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
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    watch: false,
    allowOnly: false,
    passWithNoTests: false,
    restoreMocks: true,
    unstubEnvs: true,
    dangerouslyIgnoreUnhandledErrors: false,
  },
});
