import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import { serveSegments } from "./node/segment-worker.ts";
import { verifyFile, VerifyUsageError } from "./node/verify-file.ts";

// The verifier as a program of its own: `npm run build:verifier` makes one file of it that needs Node.js and nothing else.

const USAGE = `usage: countersign-verify FILE --key VKEY [--key VKEY] [--policy FILE] [--vote-keys FILE] [--json]

Verifies an evidence archive offline. Exit code 0: no flaw; 1: flaws, each with its position; 2: nothing was verified.
  --key        the log's verifier key, from where you trust it
  --policy     a tlog-policy file: logs, witnesses and quorum
  --vote-keys  a JWK set with the keys of votes
`;

async function main(): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        key: { type: "string", multiple: true, default: [] },
        policy: { type: "string" },
        "vote-keys": { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean" },
      },
    });
    const [file, ...more] = positionals;
    if (values.help === true || file === undefined || more.length > 0) {
      process.stderr.write(USAGE);
      return 2;
    }
    const options = {
      file,
      keys: values.key,
      policyFile: values.policy,
      voteKeysFile: values["vote-keys"],
      json: values.json,
      worker: new URL(import.meta.url),
    };
    return (await verifyFile(options, (text) => process.stdout.write(text))) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof VerifyUsageError || error instanceof TypeError)) throw error;
    process.stderr.write(`${error.message}\n${USAGE}`);
    return 2;
  }
}

if (isMainThread) process.exitCode = await main();
else serveSegments();
