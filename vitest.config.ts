import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["./libs/testing/src/global-setup.ts"],
    include: ["**/*.test.ts"],
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
