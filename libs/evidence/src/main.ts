import { isMainThread } from "node:worker_threads";

// The verifier as a program of its own: `npm run build:verifier` makes one file of it that needs Node.js and nothing else. Its threads start here too, and load only what
// they need.

if (isMainThread) {
  const { verifyCommand } = await import("./node/verify-command.ts");
  process.exitCode = await verifyCommand(new URL(import.meta.url));
} else {
  const { serveSegments } = await import("./node/segment-worker.ts");
  serveSegments();
}
