// The one door: `npm start`, `npm test`, `npm run demo|bench|chaos|fuzz|verify|countersign` all come through here.
// Plain JavaScript, because it runs on the Node.js of the machine (20 or newer) before anything is installed. It sets up what is missing
// and hands over to the Node.js that the lock file pins.
import { fileURLToPath } from "node:url";
import { ensureDependencies } from "./bootstrap/dependencies.mjs";
import { handOver } from "./bootstrap/hand-over.mjs";
import { ensureNatsServer, withNatsServerOnPath } from "./bootstrap/nats-server.mjs";
import { tryOptionalPrograms } from "./bootstrap/optional-programs.mjs";
import { SetupError } from "./bootstrap/setup-error.mjs";

const OLDEST_NODE = 20;
const root = fileURLToPath(new URL("..", import.meta.url));

/** @type {Record<string, { main: string, needsNats: boolean }>} */
const TARGETS = {
  start: { main: "deploy/standalone/src/main.ts", needsNats: !process.env["COUNTERSIGN_NATS_URL"] },
  test: { main: "deploy/run-tests.ts", needsNats: true },
  demo: { main: "deploy/demo/src/main.ts", needsNats: true },
  bench: { main: "test/bench/src/main.ts", needsNats: true },
  chaos: { main: "test/chaos/src/main.ts", needsNats: true },
  fuzz: { main: "test/fuzz/src/main.ts", needsNats: false },
  cli: { main: "libs/cli/src/main.ts", needsNats: false },
  "build:client": { main: "deploy/build-client.ts", needsNats: false },
  "build:verifier": { main: "deploy/build-verifier.ts", needsNats: false },
  verify: { main: "deploy/verify.ts", needsNats: false },
};

/** @param {string[]} argv */
async function main([name = "", ...args]) {
  const target = TARGETS[name];
  if (target === undefined) throw new SetupError(`Unknown target "${name}". There are: ${Object.keys(TARGETS).join(", ")}.`);
  const version = process.versions.node;
  if (Number.parseInt(version, 10) < OLDEST_NODE) {
    throw new SetupError(
      `Countersign needs Node.js ${OLDEST_NODE} or newer to set itself up; this is ${version}. Get one from https://nodejs.org.`,
    );
  }
  const node = await ensureDependencies(root);
  const natsServer = target.needsNats ? await ensureNatsServer() : undefined;
  await tryOptionalPrograms(name);
  return handOver({ root, node, args: [target.main, ...args], env: withNatsServerOnPath(process.env, natsServer) });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
